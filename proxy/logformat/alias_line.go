package logformat

import (
	"bytes"
	"strconv"

	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// badRequest stands for the parts of a request that could not be read.
const badRequest = "<BADREQ>"

func appendMethod(d []byte, t *tx.Tx, _ Flags) []byte {
	m, _ := sample.RequestLineParts(t.LogURI)
	if m == nil {
		if m = t.Req.Method; m == nil {
			return append(d, badRequest...)
		}
	}
	return encodeLog(d, m, '#')
}

// target returns the request target as received, nil for none.
func target(t *tx.Tx) []byte {
	_, uri := sample.RequestLineParts(t.LogURI)
	if uri == nil && t.HasReq {
		uri = t.Req.URI
	}
	return uri
}

func appendTarget(d []byte, t *tx.Tx, _ Flags) []byte {
	uri := target(t)
	if uri == nil {
		return append(d, badRequest...)
	}
	return encodeLog(d, uri, '#')
}

func appendTargetNoQuery(d []byte, t *tx.Tx, _ Flags) []byte {
	uri := target(t)
	if uri == nil {
		return append(d, badRequest...)
	}
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		uri = uri[:i]
	}
	return encodeLog(d, uri, '#')
}

func appendPathOnly(d []byte, t *tx.Tx, _ Flags) []byte {
	uri := target(t)
	if uri == nil {
		return append(d, badRequest...)
	}
	m := tx.Message{URI: uri}
	return encodeLog(d, m.Path(), '#')
}

func appendQuery(d []byte, t *tx.Tx, _ Flags) []byte {
	uri := target(t)
	if uri == nil {
		return append(d, badRequest...)
	}
	if i := bytes.IndexByte(uri, '?'); i >= 0 {
		return encodeLog(d, uri[i:], '#')
	}
	return d
}

func appendVersion(d []byte, t *tx.Tx, _ Flags) []byte {
	if i := bytes.LastIndexByte(t.LogURI, ' '); i >= 0 && bytes.HasPrefix(t.LogURI[i+1:], []byte("HTTP/")) {
		return encodeLog(d, t.LogURI[i+1:], '#')
	}
	switch t.Req.Version {
	case 0:
		return append(d, badRequest...)
	default:
		d = append(d, "HTTP/"...)
		d = strconv.AppendInt(d, int64(t.Req.Version/10), 10)
		return strconv.AppendInt(append(d, '.'), int64(t.Req.Version%10), 10)
	}
}
