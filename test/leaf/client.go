// client.go HOST PORT CA.pem: one handshake with 127.0.0.1:PORT as if it were HOST; exit 0 if the leaf is good.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"os"
)

func main() {
	pem, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		log.Fatal("no CA")
	}
	config := &tls.Config{RootCAs: roots, ServerName: os.Args[1]}
	conn, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[2], config)
	if err != nil {
		log.Fatal(err)
	}
	conn.Close()
}
