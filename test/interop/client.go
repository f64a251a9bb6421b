// client.go: what `make interop` asks of Go's net/http; the proxy comes from the environment.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func get(url string) []byte {
	r, err := http.Get(url)
	if err == nil {
		defer r.Body.Close()
		var body []byte
		if body, err = io.ReadAll(r.Body); err == nil && r.StatusCode == 200 {
			return body
		}
		if err == nil {
			err = fmt.Errorf("%s: %s", url, r.Status)
		}
	}
	fmt.Println(err)
	os.Exit(1)
	return nil
}

func main() {
	url, plain := os.Getenv("URL"), os.Getenv("PLAIN")
	big := get(url + "/files/big.bin")
	sum := strings.TrimSpace(string(get(url + "/files/big.sum")))
	r, err := http.Post(url+"/echo", "application/octet-stream", io.MultiReader(bytes.NewReader(big[:500000])))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	echo, _ := io.ReadAll(r.Body)
	if string(get(url+"/hello")) != "hello\n" || fmt.Sprintf("%x", sha256.Sum256(big)) != sum ||
		!bytes.Equal(echo, big[:500000]) || string(get(plain+"/hello")) != "hello\n" {
		fmt.Println("not what was sent")
		os.Exit(1)
	}
	fmt.Println("ok")
}
