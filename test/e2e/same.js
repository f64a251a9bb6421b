// An origin in Node: what HTTP/1.1 has beside pages.  same.js ADDRESS PORT.
'use strict';
const http = require('http'), zlib = require('zlib');
let go = () => {};
const text = 'a line of text that is worth compressing\n'.repeat(2000);
const paths = {
	'/seen': (q, a) => { // what came, field by field
		const body = [];
		q.on('data', (d) => body.push(d)).on('end', () => {
			a.setHeader('Content-Type', 'application/json');
			a.end(JSON.stringify([q.method, q.url, q.httpVersion, q.rawHeaders, Buffer.concat(body).length, q.rawTrailers]));
		});
	},
	'/hints': (q, a) => {
		a.writeEarlyHints({ link: '</style.css>; rel=preload; as=style', 'x-mine': 'y' });
		a.end('hinted\n');
	},
	'/trailers': (q, a) => {
		a.writeHead(200, { 'Trailer': 'X-Sum, Server-Timing' });
		a.write('one ');
		a.addTrailers({ 'X-Sum': '1', 'Server-Timing': 'a;dur=1' });
		a.end('two');
	},
	'/gzip': (q, a) => {
		a.writeHead(200, { 'Content-Encoding': 'gzip', 'Vary': 'Accept-Encoding' });
		a.end(zlib.gzipSync(text));
	},
	'/chunks': (q, a) => {
		for (let i = 0; i < 50; i++)
			a.write('x'.repeat(i * 37 + 1));
		a.end();
	},
	'/events': (q, a) => { // the second event comes once /go was asked for
		a.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
		a.write('data: one\n\n');
		go = () => a.end('data: two\n\n');
	},
	'/go': (q, a) => { go(); a.end('gone\n'); },
	'/204': (q, a) => { a.writeHead(204); a.end(); },
	'/304': (q, a) => { a.writeHead(304, { 'ETag': '"x"', 'Content-Length': '1234' }); a.end(); },
	'/redirect': (q, a) => { a.writeHead(307, { 'Location': '/seen' }); a.end('there'); },
	'/cookies': (q, a) => { a.writeHead(200, [['Set-Cookie', 'a=1'], ['X-MiXed', 'Kept'], ['set-cookie', 'b=2; Secure']].flat()); a.end('c'); },
};
const server = http.createServer((q, a) => (paths[q.url.split('?')[0]] || ((q, a) => { a.statusCode = 404; a.end('no\n'); }))(q, a));
server.on('checkContinue', (q, a) => { a.writeContinue(); paths['/seen'](q, a); });
server.listen(Number(process.argv[3]), process.argv[2]);
