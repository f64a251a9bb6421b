// peer.js: Node's tls beside the engine.
//
//   node peer.js client PORT VERSION COUNT [CURVES]  connects COUNT times, each with the last session; trusts p256.pem
//   node peer.js server PORT VERSION KEY [CURVES]    serves under KEY.pem and KEY.key, one request a connection
const tls = require('tls');
const fs = require('fs');
const [role, port, version, what, curves] = process.argv.slice(2);
const common = { minVersion: version, maxVersion: version, ...(curves ? { ecdhCurve: curves } : {}) };

function connect(left, session) {
  if (left === 0)
    return;
  let body = '', kept = session;
  const socket = tls.connect({ ...common, host: '127.0.0.1', port: Number(port), servername: 'origin.test', session,
    ca: fs.readFileSync('p256.pem'), ALPNProtocols: ['h2', 'http/1.1'] }, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
  socket.on('session', (s) => { kept = s; });
  socket.on('data', (data) => { body += data; });
  socket.on('error', (error) => console.log(error.message));
  socket.on('end', () => {
    console.log(socket.getProtocol(), socket.alpnProtocol, 'resumed=' + socket.isSessionReused(), body.slice(0, 15));
    socket.end();
  });
  socket.on('close', () => connect(left - 1, kept));
}

if (role === 'client') {
  connect(Number(what));
} else {
  const server = tls.createServer({ ...common, cert: fs.readFileSync(what + '.pem'), key: fs.readFileSync(what + '.key'),
    ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    socket.on('error', (error) => console.log(error.message));
    socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\n' + 'x'.repeat(100000)));
  });
  server.on('tlsClientError', (error) => console.log(error.message));
  server.listen(Number(port), '127.0.0.1');
}
