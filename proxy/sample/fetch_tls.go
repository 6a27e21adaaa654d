package sample

import (
	"crypto/tls"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/listen"
	"tandem/proxy/tx"
)

// tlsSide returns the TLS state of one side of a transaction.
type tlsSide func(t *tx.Tx) *tls.ConnectionState

func clientTLS(t *tx.Tx) *tls.ConnectionState { return t.Sess.TLS }
func serverTLS(t *tx.Tx) *tls.ConnectionState { return t.SrvTLS }

// tlsFetches are what was negotiated with the client (fc) and the server (bc).
var tlsFetches = append(append(
	tlsWords("ssl_fc", ClientL5, clientTLS), tlsWords("ssl_bc", ServerL5, serverTLS)...),
	fetch("ssl_fc_sni", "", tx.TypeStr, ClientL5, "Server name that the client asked for.", plain(tlsText(clientTLS, func(c *tls.ConnectionState) string { return c.ServerName }))),
	fetch("ssl_bc_sni", "", tx.TypeStr, ServerL5, "Server name that the server was asked for.", plain(tlsText(serverTLS, func(c *tls.ConnectionState) string { return c.ServerName }))),
	fetch("ssl_fc_has_sni", "", tx.TypeBool, ClientL5, "Whether the client asked for a server name.", plain(func(t *tx.Tx, v *Value) bool {
		v.SetBool(t.Sess.TLS != nil && t.Sess.TLS.ServerName != "")
		return t.Sess.TLS != nil
	})),
	fetch("ssl_fc_has_crt", "", tx.TypeBool, ClientL5, "Whether the client sent a certificate on this connection.", plain(func(t *tx.Tx, v *Value) bool {
		v.SetBool(t.Sess.TLS != nil && len(t.Sess.TLS.PeerCertificates) > 0)
		return t.Sess.TLS != nil
	})),
	fetch("ssl_fc_has_early", "", tx.TypeBool, ClientL5, "Whether early data were used and the handshake is not over.", plain(noEarlyData)),
	fetch("ssl_fc_early_rcvd", "", tx.TypeBool, ClientL5, "Whether early data were received.", plain(noEarlyData)),
	fetch("ssl_fc_cipherlist_bin", "[integer]", tx.TypeStr, ClientL5, "Cipher suites of the ClientHello as bytes.", newHelloNumbers(func(h *listen.Hello) []uint16 { return h.Ciphers })),
	fetch("ssl_fc_cipherlist_hex", "[integer]", tx.TypeBin, ClientL5, "Cipher suites of the ClientHello as hexadecimal text.", newCiphersHex),
	fetch("ssl_fc_cipherlist_str", "[integer]", tx.TypeStr, ClientL5, "Cipher suites of the ClientHello by name.", newCiphersText),
	fetch("ssl_fc_cipherlist_xxh", "", tx.TypeInt, ClientL5, "Hash of the cipher suites of the ClientHello.", plain(evalCiphersHash)),
	fetch("ssl_fc_eclist_bin", "[integer]", tx.TypeStr, ClientL5, "Groups of the ClientHello as bytes.", newHelloNumbers(func(h *listen.Hello) []uint16 { return h.Curves })),
	fetch("ssl_fc_extlist_bin", "[integer]", tx.TypeStr, ClientL5, "Extension types of the ClientHello as bytes.", newHelloNumbers(func(h *listen.Hello) []uint16 { return h.Extensions })),
	fetch("ssl_fc_supported_versions_bin", "[integer]", tx.TypeBin, ClientL5, "Versions of the ClientHello as bytes.", newHelloNumbers(func(h *listen.Hello) []uint16 { return h.Versions })),
	fetch("ssl_fc_ecformats_bin", "", tx.TypeStr, ClientL5, "Point formats of the ClientHello.", plain(func(t *tx.Tx, v *Value) bool {
		if t.Sess.TLSHello == nil {
			return false
		}
		v.SetBin(t.Sess.TLSHello.Points)
		return true
	})),
	fetch("ssl_fc_sigalgs_bin", "[integer]", tx.TypeBin, ClientL5, "Signature algorithms of the ClientHello.", newHelloNumbers(func(h *listen.Hello) []uint16 { return h.SigAlgs })),
	fetch("ssl_fc_protocol_hello_id", "", tx.TypeInt, ClientL5, "Version in the ClientHello.", plain(func(t *tx.Tx, v *Value) bool {
		if t.Sess.TLSHello == nil {
			return false
		}
		v.SetInt(int64(t.Sess.TLSHello.Version))
		return true
	})),
	fetch("ssl_fc_crtname", "", tx.TypeStr, ClientL5, "File of the certificate that was presented.", plain(func(t *tx.Tx, v *Value) bool {
		v.SetStr(stringBytes(t, t.Sess.OwnCertFile))
		return t.Sess.OwnCertFile != ""
	})),
)

// tlsWords makes the words that both sides have.
func tlsWords(p string, need Layer, of tlsSide) []word[Fetch] {
	peer := map[string]string{"ssl_fc": "client", "ssl_bc": "server"}[p]
	with := func(s string) string { return strings.ReplaceAll(s, "PEER", peer) }
	ws := []word[Fetch]{
		fetch(p, "", tx.TypeBool, need, with("Whether the connection with the PEER is encrypted."), plain(func(t *tx.Tx, v *Value) bool { v.SetBool(of(t) != nil); return true })),
		fetch(p+"_protocol", "", tx.TypeStr, need, with("Version of TLS spoken with the PEER, as TLSv1.3."), plain(tlsText(of, func(c *tls.ConnectionState) string { return TLSVersionName(c.Version) }))),
		fetch(p+"_cipher", "", tx.TypeStr, need, with("Cipher suite used with the PEER, in OpenSSL's names."), plain(tlsText(of, func(c *tls.ConnectionState) string { return CipherName(c.CipherSuite) }))),
		fetch(p+"_alpn", "", tx.TypeStr, need, with("Protocol chosen by ALPN with the PEER."), plain(tlsText(of, func(c *tls.ConnectionState) string { return c.NegotiatedProtocol }))),
		fetch(p+"_npn", "", tx.TypeStr, need, "Protocol chosen by NPN, which TLS libraries no longer have.", never),
		fetch(p+"_is_resumed", "", tx.TypeBool, need, with("Whether the TLS session with the PEER was resumed."), plain(func(t *tx.Tx, v *Value) bool {
			c := of(t)
			v.SetBool(c != nil && c.DidResume)
			return c != nil
		})),
		fetch(p+"_alg_keysize", "", tx.TypeInt, need, with("Key size of the cipher used with the PEER, in bits."), plain(keySize(of))),
		fetch(p+"_use_keysize", "", tx.TypeInt, need, with("Key bits in use with the PEER."), plain(keySize(of))),
		fetch(p+"_unique_id", "", tx.TypeBin, need, with("TLS unique id of the connection with the PEER."), plain(func(t *tx.Tx, v *Value) bool {
			c := of(t)
			if c == nil || len(c.TLSUnique) == 0 {
				return false
			}
			v.SetBin(c.TLSUnique)
			return true
		})),
		fetch(p+"_curve", "", tx.TypeStr, need, with("Group of the key exchange with the PEER."), plain(tlsText(of, func(c *tls.ConnectionState) string { return CurveName(c.CurveID) }))),
		fetch(p+"_err", "", tx.TypeInt, need, with("Number of the TLS library's error on the connection with the PEER."), plain(constant(0)), keyword.NotActed),
		fetch(p+"_err_str", "", tx.TypeStr, need, with("Text of the TLS library's error on the connection with the PEER."), never, keyword.NotActed),
	}
	for _, x := range [...]struct{ name, doc string }{
		{"session_id", "Id of the TLS session with the PEER."},
		{"session_key", "Master key of the TLS session with the PEER."},
		{"client_random", "Client random of the connection with the PEER."},
		{"server_random", "Server random of the connection with the PEER."},
	} {
		ws = append(ws, fetch(p+"_"+x.name, "", tx.TypeBin, need, with(x.doc), never, keyword.NotActed))
	}
	for _, name := range [...]string{"client_early_traffic_secret", "client_handshake_traffic_secret", "client_traffic_secret_0", "early_exporter_secret", "exporter_secret", "server_handshake_traffic_secret", "server_traffic_secret_0"} {
		ws = append(ws, fetch(p+"_"+name, "", tx.TypeStr, ClientL5, with("TLS 1.3 secret of the connection with the PEER, for decoding captures."), never, keyword.NotActed))
	}
	return ws
}

func tlsText(of tlsSide, get func(*tls.ConnectionState) string) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		c := of(t)
		if c == nil {
			return false
		}
		s := get(c)
		v.SetStr(stringBytes(t, s))
		return s != ""
	}
}

func noEarlyData(t *tx.Tx, v *Value) bool {
	v.SetBool(false) // the TLS library here never takes early data over TCP
	return t.Sess.TLS != nil
}

// TLSVersionName names a version of TLS as OpenSSL does.
func TLSVersionName(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "TLSv1"
	case tls.VersionTLS11:
		return "TLSv1.1"
	case tls.VersionTLS12:
		return "TLSv1.2"
	case tls.VersionTLS13:
		return "TLSv1.3"
	}
	return ""
}

// CurveName names a key exchange group as OpenSSL does.
func CurveName(c tls.CurveID) string {
	switch c {
	case tls.CurveP256:
		return "prime256v1"
	case tls.CurveP384:
		return "secp384r1"
	case tls.CurveP521:
		return "secp521r1"
	case 0:
		return ""
	}
	return c.String()
}

// CipherName names a cipher suite as OpenSSL does, "" for an unknown one.
func CipherName(id uint16) string {
	name := tls.CipherSuiteName(id)
	switch {
	case id == 0 || strings.HasPrefix(name, "0x"):
		return ""
	case id>>8 == 0x13:
		return name // TLS 1.3 suites have one name
	}
	name = strings.TrimPrefix(name, "TLS_")
	name = strings.Replace(name, "_WITH_", "-", 1)
	name = strings.TrimPrefix(name, "RSA-")
	r := strings.NewReplacer("AES_128", "AES128", "AES_256", "AES256", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305", "CBC_SHA", "SHA", "CBC3_", "CBC3-", "3DES_EDE_CBC", "DES-CBC3")
	return strings.ReplaceAll(r.Replace(name), "_", "-")
}

func keySize(of tlsSide) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		c := of(t)
		if c == nil {
			return false
		}
		name, bits := tls.CipherSuiteName(c.CipherSuite), int64(256)
		switch {
		case strings.Contains(name, "AES_128"), strings.Contains(name, "RC4_128"):
			bits = 128
		case strings.Contains(name, "3DES"):
			bits = 168
		}
		v.SetInt(bits)
		return true
	}
}

// isGREASE says whether a number of a ClientHello is one of RFC 8701.
func isGREASE(n uint16) bool { return n&0x0f0f == 0x0a0a && n>>8 == n&0xff }

// newHelloNumbers makes a fetch of a list of the ClientHello; with argument 1
// the meaningless numbers of RFC 8701 are left out.
func newHelloNumbers(get func(*listen.Hello) []uint16) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		clean := a.int(0, 0)&1 == 1
		return func(t *tx.Tx, v *Value) bool {
			if t.Sess.TLSHello == nil {
				return false
			}
			list := get(t.Sess.TLSHello)
			b := t.Scratch.Alloc(2 * len(list))[:0]
			for _, n := range list {
				if !clean || !isGREASE(n) {
					b = append(b, byte(n>>8), byte(n))
				}
			}
			v.SetBin(b)
			return true
		}, nil
	}
}

func newCiphersHex(e *keyword.Env, a args) (evalFunc, error) {
	get, err := newHelloNumbers(func(h *listen.Hello) []uint16 { return h.Ciphers })(e, a)
	return func(t *tx.Tx, v *Value) bool { return get(t, v) && applyHex(t, v) }, err
}

func newCiphersText(_ *keyword.Env, a args) (evalFunc, error) {
	clean := a.int(0, 0)&1 == 1
	return func(t *tx.Tx, v *Value) bool {
		if t.Sess.TLSHello == nil {
			return false
		}
		var out []byte
		for _, n := range t.Sess.TLSHello.Ciphers {
			if clean && isGREASE(n) {
				continue
			}
			if len(out) > 0 {
				out = append(out, ',')
			}
			if name := CipherName(n); name != "" {
				out = append(out, name...)
			} else {
				out = append(out, "UNKNOWN("...)
				out = append(appendHex(out, []byte{byte(n >> 8), byte(n)}), ')')
			}
		}
		v.SetStr(out)
		return true
	}, nil
}

func evalCiphersHash(t *tx.Tx, v *Value) bool {
	if t.Sess.TLSHello == nil {
		return false
	}
	b := t.Scratch.Alloc(2 * len(t.Sess.TLSHello.Ciphers))[:0]
	for _, n := range t.Sess.TLSHello.Ciphers {
		b = append(b, byte(n>>8), byte(n))
	}
	v.SetInt(int64(xxh64(b, 0)))
	return true
}
