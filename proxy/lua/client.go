package lua

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	glua "github.com/yuin/gopher-lua"
)

// httpClient is what an HTTPClient object stands for: it holds nothing.
type httpClient struct{}

func newHTTPClient(l *glua.LState) int {
	if r := current(l); !r.mayYield {
		l.RaiseError("httpclient: yield not allowed")
	}
	l.Push(stateOf(l).object("HTTPClient", &httpClient{}))
	return 1
}

// maxResponse bounds the body that a script receives, bytes.
const maxResponse = 64 << 20

// clientCall makes HTTPClient.get and its like. The answer is a table with
// status, reason, headers and body; where there is none, the status is 0.
func clientCall(method string) glua.LGFunction {
	return func(l *glua.LState) int {
		self[*httpClient](l, 1, "HTTPClient")
		opt := l.CheckTable(2)
		url, ok := opt.RawGetString("url").(glua.LString)
		if !ok {
			l.RaiseError("'%s' need a 'url' argument", strings.ToLower(method))
		}
		body, _ := opt.RawGetString("body").(glua.LString)
		timeout := 0 * time.Second
		if n, ok := number(opt.RawGetString("timeout")); ok {
			timeout = time.Duration(n) * time.Millisecond
		}
		dst := ""
		if v := opt.RawGetString("dst"); v != glua.LNil {
			dst = v.String()
		}
		fields := fieldsOf(l, opt.RawGetString("headers"), nil)
		r := current(l)
		req, err := http.NewRequestWithContext(r.base(), method, string(url), strings.NewReader(string(body)))
		if err != nil {
			l.RaiseError("httpclient: %s", err)
		}
		req.Header["user-agent"] = []string{"HAProxy/" + userAgent}
		req.Header["User-Agent"] = nil
		for _, f := range fields {
			switch name := string(f.Name); name {
			case "host":
				req.Host = string(f.Value)
			case "content-length", "connection", "transfer-encoding":
			case "user-agent":
				req.Header[name] = []string{string(f.Value)}
			default:
				req.Header[name] = append(req.Header[name], string(f.Value))
			}
		}
		var res *http.Response
		var data []byte
		block(l, func() { res, data, err = exchange(req, dst, timeout) })
		out := l.NewTable()
		l.Push(out)
		if err != nil {
			out.RawSetString("status", glua.LNumber(0))
			out.RawSetString("body", glua.LString(""))
			out.RawSetString("headers", l.NewTable())
			return 1
		}
		out.RawSetString("status", glua.LNumber(res.StatusCode))
		_, reason, _ := strings.Cut(res.Status, " ")
		out.RawSetString("reason", glua.LString(reason))
		out.RawSetString("body", glua.LString(data))
		hdr := l.NewTable()
		for name, values := range res.Header {
			list := l.NewTable()
			for i, v := range values {
				list.RawSet(glua.LNumber(i), glua.LString(v))
			}
			hdr.RawSetString(strings.ToLower(name), list)
		}
		out.RawSetString("headers", hdr)
		return 1
	}
}

const userAgent = "3.5"

// exchange sends a request, to dst where one is given, and reads all of the answer.
func exchange(req *http.Request, dst string, timeout time.Duration) (*http.Response, []byte, error) {
	if timeout > 0 {
		ctx, cancel := context.WithTimeout(req.Context(), timeout)
		defer cancel()
		req = req.WithContext(ctx)
	}
	var d net.Dialer
	d.Timeout = socketTimeout
	t := &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, Proxy: nil,
		TLSClientConfig: &tls.Config{},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dst != "" {
				_, port, _ := net.SplitHostPort(addr)
				if strings.Contains(dst, ":") && !strings.HasPrefix(dst, "unix@") {
					port = ""
				}
				network, addr = dialAddress(dst, port)
			}
			return d.DialContext(ctx, network, addr)
		},
	}
	defer t.CloseIdleConnections()
	res, err := t.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxResponse))
	return res, data, err
}
