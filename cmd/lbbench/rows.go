package main

import (
	"fmt"
	"path"
	"strings"
)

// rowKind says how a row is measured.
type rowKind string

const (
	rowLoad  rowKind = "load"  // requests for a time
	rowIdle  rowKind = "idle"  // memory of open connections
	rowCheck rowKind = "check" // checking of a large configuration
)

// row is one line of the bench.
type row struct {
	Name     string
	Title    string
	Kind     rowKind
	Setup    setup
	Load     loadSpec // without address and time
	Probes   []probe
	OwnOnly  string // why wrk is not used; empty where it is
	Unpinned bool   // everything on two cores
	Behind   string // server behind the proxies: our origin when empty, or behindNginx
}

// simple is a row of GETs of one path.
func simple(name, title, path string, want int64, conns int) row {
	return row{
		Name: name, Title: title, Kind: rowLoad,
		Load:   loadSpec{Conns: conns, Requests: []request{{Path: path}}, Want: want},
		Probes: []probe{{Req: request{Path: path}, Body: int(want)}},
	}
}

// with changes a row while it is written down.
func (r row) with(change func(*row)) row {
	change(&r)
	return r
}

// Reasons for the own driver.
const (
	whyBulk      = "wrk reads in pieces of 8 kB"
	whyHandshake = "wrk may resume TLS sessions"
	whyDepth     = "wrk does not tell the latency of pipelined requests"
	whyUpload    = "wrk sends large bodies in pieces and counts their answers late"
)

// allRows is the bench, in the order of the table. idle is how many
// connections the idle row can hold.
func allRows(idle int) []row {
	tcp := func(r *row) { r.Setup.TCP = true }
	closing := func(r *row) { r.Setup.Close, r.Load.Close = true, true }
	bulk := func(r *row) { r.OwnOnly = whyBulk }
	tls := func(r *row) { r.Setup.Cert, r.Load.TLS = certP256, true }
	return []row{
		simple("http-1", "keep-alive, 1 connection, 100 B", "/", smallBody, 1),
		simple("http-64", "keep-alive, 64 connections, 100 B", "/", smallBody, 64),
		simple("http-1000", "keep-alive, 1000 connections, 100 B", "/", smallBody, 1000),
		simple("http-close", "a connection for each request, 64 at once", "/", smallBody, 64).with(closing),
		simple("http-pipeline", "16 requests in one go, 64 connections", "/", smallBody, 64).with(func(r *row) { r.Load.Depth, r.OwnOnly = 16, whyDepth }),
		simple("http-64-nginx", "as http-64, with nginx as the server behind", "/small", smallBody, 64).with(func(r *row) { r.Behind = behindNginx }),
		simple("http-100k", "100 kB, 64 connections", "/100k", mediumBody, 64),
		simple("http-8m", "8 MB, 8 connections", "/8m", largeBody, 8).with(bulk),
		upload("upload-100k", "upload of 100 kB, 64 connections", mediumBody, 64),
		upload("upload-8m", "upload of 8 MB, 8 connections", largeBody, 8),
		simple("tcp-64", "TCP mode, 64 connections, 100 B", "/", smallBody, 64).with(tcp),
		simple("tcp-close", "TCP mode, a connection for each request", "/", smallBody, 64).with(tcp).with(func(r *row) { r.Load.Close = true }),
		simple("tcp-8m", "TCP mode, 8 MB, 8 connections", "/8m", largeBody, 8).with(tcp).with(bulk),
		simple("tcp-8m-splice", "TCP mode with splicing, 8 MB", "/8m", largeBody, 8).with(tcp).with(bulk).with(func(r *row) { r.Setup.Splice = true }),
		simple("tls-64", "TLS keep-alive, 64 connections, 100 B", "/", smallBody, 64).with(tls),
		simple("tls-hs-p256", "full TLS handshakes, P-256", "/", smallBody, 64).with(tls).with(handshake),
		simple("tls-hs-rsa", "full TLS handshakes, RSA-2048", "/", smallBody, 64).with(tls).with(handshake).with(func(r *row) { r.Setup.Cert = certRSA }),
		simple("tls-8m", "TLS, 8 MB, 8 connections", "/8m", largeBody, 8).with(tls).with(bulk),
		rulesRow(), mapRow(), stickRow(),
		simple("idle", fmt.Sprintf("%d idle connections", idle), "/", smallBody, idle).with(func(r *row) {
			r.Kind, r.OwnOnly, r.Setup.Reuse, r.Load.Hold = rowIdle, "wrk cannot hold connections", true, true
		}),
		{Name: "check-100k", Title: "check of a configuration of 100,009 lines", Kind: rowCheck},
		simple("free-64", "as http-64, all on two cores, unpinned", "/", smallBody, 64).with(free),
		simple("free-close", "as http-close, all on two cores, unpinned", "/", smallBody, 64).with(closing).with(free),
		simple("free-tls", "as tls-64, all on two cores, unpinned", "/", smallBody, 64).with(tls).with(free),
	}
}

// free lets everything use both cores.
func free(r *row) { r.Unpinned = true }

// handshake makes each request pay for a full handshake. The connection to
// the server is kept, so that it is the handshake that is measured.
func handshake(r *row) {
	r.Load.Close, r.Setup.Reuse, r.OwnOnly, r.Load.Conns = true, true, whyHandshake, 16
}

// upload is a row of POSTs.
func upload(name, title string, size, conns int) row {
	post := request{Method: "POST", Path: "/up", Body: size}
	return row{
		Name: name, Title: title, Kind: rowLoad, OwnOnly: whyUpload,
		Load:   loadSpec{Conns: conns, Requests: []request{post}, Want: smallBody},
		Probes: []probe{{Req: post, Body: smallBody}},
	}
}

// rulesRow routes, rewrites and logs.
func rulesRow() row {
	r := row{
		Name: "rules", Title: "30 ACLs and backends, header rewriting, httplog, 64 connections", Kind: rowLoad,
		Setup: setup{Rules: true},
		Load:  loadSpec{Conns: 64, Requests: ruleRequests(), Want: smallBody},
		Probes: []probe{
			{Req: request{Path: "/admin/x"}, Status: 403, Body: -1},
			{Req: request{Path: "/old/one", Header: append(browserHeaders, "X-Echo: 1")}, Body: -1,
				Echo:    []string{"/new/one", "x-forwarded-proto: http", "x-real-ip: 127.0.0.1", "x-via: lbbench", "x-forwarded-for: 127.0.0.1"},
				NotEcho: []string{"x-secret"}},
			{Req: request{Path: "/none", Header: browserHeaders}, Body: smallBody, Header: []string{"X-Backend: be"}},
		},
	}
	for _, rule := range rules() {
		r.Probes = append(r.Probes, probe{Req: rule.Hit, Body: smallBody,
			Header: []string{"X-Backend: " + rule.Backend, "Strict-Transport-Security: max-age=31536000"}})
	}
	return r
}

// mapRow looks each path up.
func mapRow() row {
	echo := []string{"X-Echo: 1"}
	return row{
		Name: "map", Title: "a map of 100,000 entries, 64 connections", Kind: rowLoad,
		Setup: setup{Map: true},
		Load:  loadSpec{Conns: 64, Requests: mapRequests(), Want: smallBody},
		Probes: []probe{
			{Req: request{Path: mapKey(0), Header: echo}, Body: -1, Echo: []string{"x-map: " + mapValue(0)}},
			{Req: request{Path: mapKey(mapEntries - 1), Header: echo}, Body: -1, Echo: []string{"x-map: " + mapValue(mapEntries-1)}},
			{Req: request{Path: "/absent", Header: echo}, Body: -1, Echo: []string{"x-map: none"}},
		},
	}
}

// stickRow counts each client's requests.
func stickRow() row {
	reqs := stickRequests()
	return row{
		Name: "stick", Title: "stick-table tracking of 1000 clients, 64 connections", Kind: rowLoad,
		Setup:  setup{Stick: true},
		Load:   loadSpec{Conns: 64, Requests: reqs, Want: smallBody},
		Probes: []probe{{Req: reqs[0], Body: smallBody}, {Req: reqs[1], Body: smallBody}},
	}
}

// chooseRows keeps the rows that one of the comma-separated patterns of
// path.Match names; an empty list keeps all. A pattern that names none is an
// error.
func chooseRows(rows []row, patterns string) ([]row, error) {
	if patterns == "" {
		return rows, nil
	}
	keep := make([]bool, len(rows))
	for pat := range strings.SplitSeq(patterns, ",") {
		found := false
		for i, r := range rows {
			ok, err := path.Match(pat, r.Name)
			if err != nil {
				return nil, fmt.Errorf("-row %q: %w", pat, err)
			}
			if ok {
				keep[i], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("-row %q names no row (-list shows them)", pat)
		}
	}
	var out []row
	for i, r := range rows {
		if keep[i] {
			out = append(out, r)
		}
	}
	return out, nil
}
