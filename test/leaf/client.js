// client.js HOST PORT CA.pem: one handshake with 127.0.0.1:PORT as if it were HOST; exit 0 if the leaf is good.
const fs = require('fs'), net = require('net'), tls = require('tls');
const [host, port, ca] = process.argv.slice(2);
const options = { host: '127.0.0.1', port: Number(port), ca: fs.readFileSync(ca),
	checkServerIdentity: (_, cert) => tls.checkServerIdentity(host, cert) };
if (!net.isIP(host))
	options.servername = host;
const socket = tls.connect(options, () => process.exit(socket.authorized ? 0 : 1));
socket.setTimeout(120000, () => process.exit(1));
socket.on('error', error => { console.error(error.message); process.exit(1); });
