// peer.go: Go's crypto/tls beside the engine.
//
//	peer client PORT VERSION COUNT [CURVE...]  connects COUNT times with one cache of sessions; trusts p256.pem
//	peer server PORT VERSION KEY [CURVE...]    serves under KEY.pem and KEY.key, one request a connection
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strconv"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func client(address string, config *tls.Config, count int) {
	pem, err := os.ReadFile("p256.pem")
	must(err)
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM(pem)
	config.ServerName = "origin.test"
	config.NextProtos = []string{"h2", "http/1.1"}
	config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	for i := 0; i < count; i++ {
		c, err := tls.Dial("tcp", address, config)
		must(err)
		fmt.Fprint(c, "GET / HTTP/1.0\r\n\r\n")
		body, err := io.ReadAll(c)
		must(err)
		s := c.ConnectionState()
		fmt.Printf("%x %s resumed=%v %.15q\n", s.Version, s.NegotiatedProtocol, s.DidResume, body)
		c.Close()
	}
}

func serve(c *tls.Conn) {
	defer c.Close()
	buf := make([]byte, 1000)
	if _, err := c.Read(buf); err != nil {
		fmt.Println(err)
		return
	}
	// More than a record's worth, so that Go goes from small records to large ones.
	fmt.Fprint(c, "HTTP/1.0 200 OK\r\n\r\n")
	c.Write(make([]byte, 100000))
}

func main() {
	version, err := strconv.ParseUint(os.Args[3], 16, 16)
	must(err)
	config := &tls.Config{MinVersion: uint16(version), MaxVersion: uint16(version)}
	for _, word := range os.Args[5:] {
		curve, err := strconv.Atoi(word)
		must(err)
		config.CurvePreferences = append(config.CurvePreferences, tls.CurveID(curve))
	}
	address := "127.0.0.1:" + os.Args[2]
	if os.Args[1] == "client" {
		count, err := strconv.Atoi(os.Args[4])
		must(err)
		client(address, config, count)
		return
	}
	pair, err := tls.LoadX509KeyPair(os.Args[4]+".pem", os.Args[4]+".key")
	must(err)
	config.Certificates = []tls.Certificate{pair}
	listener, err := tls.Listen("tcp", address, config)
	must(err)
	for {
		c, err := listener.Accept()
		must(err)
		serve(c.(*tls.Conn))
	}
}
