package sample

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"net"
	"testing"
	"time"

	"tandem/proxy/listen"
	"tandem/proxy/tx"
)

// rawConn shows buffered bytes to the fetches.
type rawConn struct {
	tx.Conn
	data []byte
	done bool
}

func (c *rawConn) Content(bool) ([]byte, bool) { return c.data, c.done }
func (c *rawConn) Body(bool) ([]byte, bool)    { return c.data, c.done }

// clientHello records what a TLS client sends first.
func clientHello(t *testing.T, conf *tls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	go func() {
		defer client.Close()
		_ = tls.Client(client, conf).Handshake() // fails: nobody answers
	}()
	if err := server.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8192)
	n, err := server.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

func TestHelloFetches(t *testing.T) {
	t.Parallel()
	raw := clientHello(t, &tls.Config{ServerName: "www.example.com", NextProtos: []string{"h2", "http/1.1"}, InsecureSkipVerify: true})
	trx := newTx("", "")
	trx.Conn = &rawConn{data: raw}
	runCases(t, trx, []evalCase{
		{"req.ssl_hello_type", "1"}, {"req.ssl_sni", "www.example.com"}, {"req.ssl_alpn", "h2,http/1.1"},
		{"req.ssl_ver", "196611"}, {"req.ssl_ec_ext", "1"}, {"req_ssl_sni", "www.example.com"}, {"res.ssl_hello_type", "1"},
	})
	for _, text := range []string{"req.ssl_cipherlist", "req.ssl_sigalgs", "req.ssl_supported_groups", "req.ssl_keyshare_groups"} {
		if got := evalText(t, trx, text); len(got) < 2 || len(got)%2 != 0 {
			t.Errorf("%s = %x", text, got)
		}
	}
	// Every cut of a hello is undecided; the whole one with a byte changed must not crash.
	x, err := compileText(testEnv(), "req.ssl_sni")
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(raw) {
		v := Value{}
		trx.Conn = &rawConn{data: raw[:n]}
		if x.Eval(trx, tx.TypeStr, &v) || !v.MayChange {
			t.Fatalf("a hello cut at %d is decided", n)
		}
		bad := append([]byte(nil), raw...)
		bad[n] ^= 0xff
		trx.Conn = &rawConn{data: bad, done: true}
		v = Value{}
		x.Eval(trx, tx.TypeStr, &v)
	}
	trx.Conn = &rawConn{data: []byte("GET / HTTP/1.1\r\n")}
	if got := evalText(t, trx, "req.ssl_hello_type"); got != "<none>" {
		t.Errorf("plain HTTP taken as TLS: %s", got)
	}
}

func TestContentFetches(t *testing.T) {
	t.Parallel()
	trx := newTx("", "")
	trx.Conn = &rawConn{data: []byte("\x00\x05hello world"), done: true}
	runCases(t, trx, []evalCase{
		{"req.len", "13"}, {"req.payload(2,5)", "hello"}, {"req.payload(2,0)", "hello world"}, {"req.payload(2,50)", "<none>"},
		{"req.payload_lv(0,2)", "hello"}, {"req.payload_lv(0,2,8)", "world"}, {"payload(0,2),hex", "0005"}, {"wait_end", "1"},
		{"req.payload(0)", "ERR fetch method 'req.payload' : missing arguments (got 1/2), type 'integer' expected"},
		{"req.proto_http", "<none>"},
	})
	x, err := compileText(testEnv(), "req.len")
	if err != nil {
		t.Fatal(err)
	}
	trx.Conn = &rawConn{data: nil}
	v := Value{}
	if !x.Eval(trx, tx.TypeInt, &v) || v.Int != 0 || !v.MayChange {
		t.Errorf("length of an empty buffer: %+v", v)
	}
	rdp := []byte("\x03\x00\x00\x27\x22\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user\r\n\x01\x00\x08\x00")
	rdp[3] = byte(len(rdp))
	trx.Conn = &rawConn{data: rdp, done: true}
	runCases(t, trx, []evalCase{{"req.rdp_cookie(mstshash)", "user"}, {"rdp_cookie", "user"}, {"req.rdp_cookie_cnt", "1"}, {"req.rdp_cookie(x)", "<none>"}})
	trx.Conn = &rawConn{data: []byte("DIST00000001ARGC00000002ARGV00000003gccDOTI00000002xy"), done: true}
	runCases(t, trx, []evalCase{{"distcc_param(ARGC)", "2"}, {"distcc_body(ARGV)", "gcc"}, {"distcc_body(DOTI)", "xy"}, {"distcc_body(NOPE)", "<none>"}})
	post := newTx("POST / HTTP/1.1\n", "")
	post.Req.Framing, post.Req.Length = tx.ByLength, 40
	post.Conn = &rawConn{data: []byte("a=1&b=two&A=3")}
	runCases(t, post, []evalCase{
		{"req.body", "a=1&b=two&A=3"}, {"req.body_len", "13"}, {"req.body_size", "40"}, {"req.body_param(b)", "two"},
		{"req.body_param(A)", "3"}, {"req.body_param(B,i)", "two"},
	})
}

func TestConnectionFetches(t *testing.T) {
	t.Parallel()
	trx := newTx(testRequest, testResponse)
	trx.Sess.Proxy = &listen.ProxyHeader{TLVs: []listen.TLV{{Type: 2, Value: []byte("auth")}, {Type: 0xe2, Value: []byte("own")}}}
	trx.Sess.TLS = &tls.ConnectionState{Version: tls.VersionTLS12, CipherSuite: tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ServerName: "x.y", NegotiatedProtocol: "h2", DidResume: true, CurveID: tls.CurveP256}
	trx.Sess.TLSHello = &listen.Hello{Ciphers: []uint16{0x0a0a, 0x1301, 0xc02f}}
	runCases(t, trx, []evalCase{
		{"src", "127.0.0.1"}, {"src_port", "54280"}, {"dst", "127.0.0.2"}, {"dst_port", "8080"}, {"src_is_local", "1"},
		{"fc_rcvd_proxy", "1"}, {"fc_pp_authority", "auth"}, {"fc_pp_tlv(0xe2)", "own"}, {"fc_pp_tlv(AUTHORITY)", "auth"}, {"fc_pp_tlv(7)", "<none>"},
		{"fc_pp_tlv(300)", "ERR invalid args in fetch method 'fc_pp_tlv' : Must be in range of 0-255"},
		{"ssl_fc", "1"}, {"ssl_fc_protocol", "TLSv1.2"}, {"ssl_fc_cipher", "ECDHE-RSA-AES128-GCM-SHA256"}, {"ssl_fc_sni", "x.y"}, {"ssl_fc_has_sni", "1"},
		{"ssl_fc_alpn", "h2"}, {"ssl_fc_is_resumed", "1"}, {"ssl_fc_alg_keysize", "128"}, {"ssl_fc_curve", "prime256v1"}, {"ssl_bc", "0"},
		{"ssl_c_used", "0"}, {"ssl_fc_has_crt", "0"}, {"ssl_c_s_dn", "<none>"}, {"bc_src", "<none>"},
		{"ssl_fc_cipherlist_hex", "0A0A1301C02F"}, {"ssl_fc_cipherlist_hex(1)", "1301C02F"}, {"ssl_fc_cipherlist_str(1)", "TLS_AES_128_GCM_SHA256,ECDHE-RSA-AES128-GCM-SHA256"},
		{"fe_name", "fe"}, {"fe_id", "3"}, {"be_name", "be"}, {"be_id", "4"}, {"srv_name", "<none>"}, {"fc_err", "0"}, {"fc_err_str", "Success"},
	})
}

// A client certificate that nobody verified must not look verified.
func TestUnverifiedCertificate(t *testing.T) {
	t.Parallel()
	trx := newTx("", "")
	trx.Sess.TLS = &tls.ConnectionState{}
	runCases(t, trx, []evalCase{{"ssl_c_verify", "0"}, {"ssl_c_err", "0"}, {"ssl_c_used", "0"}})
	trx.Sess.TLS.PeerCertificates = []*x509.Certificate{{Version: 3}}
	trx.Sess.Verdict = tx.Verdict{Err: 20}
	runCases(t, trx, []evalCase{{"ssl_c_verify", "20"}, {"ssl_c_err", "20"}, {"ssl_c_used", "1"}, {"ssl_c_version", "3"}, {"ssl_c_ca_err", "0"}})
	trx.Sess.Verdict = tx.Verdict{CAErr: 19, CADepth: 1}
	runCases(t, trx, []evalCase{{"ssl_c_verify", "19"}, {"ssl_c_err", "0"}, {"ssl_c_ca_err", "19"}, {"ssl_c_ca_err_depth", "1"}})
}

func TestCipherNames(t *testing.T) {
	t.Parallel()
	for id, want := range map[uint16]string{
		tls.TLS_RSA_WITH_AES_128_CBC_SHA: "AES128-SHA", tls.TLS_RSA_WITH_AES_256_GCM_SHA384: "AES256-GCM-SHA384",
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305", tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
		tls.TLS_CHACHA20_POLY1305_SHA256: "TLS_CHACHA20_POLY1305_SHA256", tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA: "DES-CBC3-SHA", 0: "", 0xfefe: "",
		tls.TLS_RSA_WITH_AES_128_CBC_SHA256: "AES128-SHA256",
	} {
		if got := CipherName(id); got != want {
			t.Errorf("suite %04x is %q, want %q", id, got, want)
		}
	}
}

// A SYN packet in an Ethernet frame, as the bind option tcp-ss saves it.
func TestPacketConverters(t *testing.T) {
	t.Parallel()
	frame := "0102030405060a0b0c0d0e0f81000064" + "0800" +
		"450000340000400040060000c0a80001c0a80002" +
		"d431005000000001000000008002faf000000000" + "020405b40101080a0000000a00000000"
	if _, err := hex.DecodeString(frame); err != nil {
		t.Fatal(err)
	}
	in := "bin(" + frame + ")"
	runCases(t, newTx("", ""), []evalCase{
		{in + ",eth.dst,hex", "010203040506"}, {in + ",eth.src,hex", "0A0B0C0D0E0F"}, {in + ",eth.proto", "2048"}, {in + ",eth.vlan", "100"},
		{in + ",eth.data,ip.ver", "4"}, {in + ",eth.data,ip.src", "192.168.0.1"}, {in + ",eth.data,ip.dst", "192.168.0.2"},
		{in + ",eth.data,ip.ttl", "64"}, {in + ",eth.data,ip.df", "1"}, {in + ",eth.data,ip.proto", "6"},
		{in + ",eth.data,ip.data,tcp.src", "54321"}, {in + ",eth.data,ip.data,tcp.dst", "80"}, {in + ",eth.data,tcp.flags", "2"},
		{in + ",eth.data,ip.data,tcp.win", "64240"}, {in + ",eth.data,ip.data,tcp.seq", "1"},
		{"bin(0102),ip.src", "<none>"}, {"bin(00),tcp.src", "<none>"}, {"bin(01),eth.src", "<none>"},
	})
}
