package main

import (
	"fmt"
	"strings"
)

// request is one HTTP/1.1 request as the driver sends it.
type request struct {
	Method string   `json:"method,omitempty"` // GET when empty
	Path   string   `json:"path"`
	Host   string   `json:"host,omitempty"`   // bench.example when empty
	Header []string `json:"header,omitempty"` // "name: value"
	Body   int      `json:"body,omitempty"`   // bytes of body to send
}

// head gives method, host and header lines with the defaults filled in. With
// closing it also asks the other side to close.
func (r request) head(closing bool) (method string, header []string) {
	method = r.Method
	if method == "" {
		method = "GET"
	}
	host := r.Host
	if host == "" {
		host = "bench.example"
	}
	header = append([]string{"Host: " + host}, r.Header...)
	if r.Body > 0 {
		header = append(header, fmt.Sprintf("Content-Length: %d", r.Body))
	}
	if closing {
		header = append(header, "Connection: close")
	}
	return method, header
}

// wire gives the bytes to send.
func (r request) wire(closing bool) []byte {
	method, header := r.head(closing)
	head := method + " " + r.Path + " HTTP/1.1\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n"
	return append([]byte(head), pattern(r.Body)...)
}

// pattern gives n bytes that look random, always the same ones: what the
// origin serves and what is expected to arrive.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = ' ' + byte(x%95) // printable, so that a wrong answer can be shown
	}
	return b
}
