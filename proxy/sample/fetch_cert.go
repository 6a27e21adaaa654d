package sample

import (
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

const dnSig = "[string,integer,string]"

// certFetches are about certificates: the client's (c), ours towards the
// client (f), and the server's (s).
var certFetches = append(append(append(
	certWords("ssl_c", "client's certificate", clientCert),
	certWords("ssl_f", "certificate presented to the client", ownCert)...),
	certWords("ssl_s", "server's certificate", serverCert)...),
	fetch("ssl_c_used", "", tx.TypeBool, ClientL5, "Whether the client has a certificate, sent now or known from its session.", plain(func(t *tx.Tx, v *Value) bool {
		v.SetBool(clientCert(t) != nil)
		return t.Sess.TLS != nil
	})),
	fetch("ssl_c_verify", "", tx.TypeInt, ClientL5, "Result of the client certificate's verification, 0 if none was wrong.", verdictOf(firstError)),
	fetch("ssl_c_err", "", tx.TypeInt, ClientL5, "First error of the client certificate's verification at depth 0.", verdictOf(func(d *tx.Verdict) int { return d.Err })),
	fetch("ssl_c_ca_err", "", tx.TypeInt, ClientL5, "First error of the client certificate's verification above depth 0.", verdictOf(func(d *tx.Verdict) int { return d.CAErr })),
	fetch("ssl_c_ca_err_depth", "", tx.TypeInt, ClientL5, "Depth of that error.", verdictOf(func(d *tx.Verdict) int { return d.CADepth })),
	fetch("ssl_c_chain_der", "", tx.TypeBin, ClientL5, "The client's certificate chain, in DER.", plain(evalClientChain)),
	gone(fetch("ssl_c_der_chain", "", tx.TypeBin, ClientL5, "Oldest name of ssl_c_chain_der.", plain(evalClientChain)), keyword.V(2, 4), "ssl_c_chain_der"),
	fetch("ssl_s_chain_der", "", tx.TypeBin, ClientL5, "The server's certificate chain, in DER.", plain(evalServerChain)),
	fetch("ssl_c_san", "", tx.TypeStr, ClientL5, "Alternative names of the client's certificate.", plain(evalSAN)),
	fetch("ssl_c_policies", "[string]", tx.TypeStr, ClientL5, "Policies of the client's certificate.", newPolicies),
	fetch("ssl_c_r_dn", dnSig, tx.TypeStr, ClientL5, "Subject of the root of the client's certificate chain.", newDN(func(t *tx.Tx) *pkix.Name {
		if t.Sess.Verdict.Root == nil {
			return nil
		}
		return &t.Sess.Verdict.Root.Subject
	})),
)

func clientCert(t *tx.Tx) *x509.Certificate {
	if c := t.Sess.TLS; c != nil && len(c.PeerCertificates) > 0 {
		return c.PeerCertificates[0]
	}
	return nil
}

func serverCert(t *tx.Tx) *x509.Certificate {
	if c := t.SrvTLS; c != nil && len(c.PeerCertificates) > 0 {
		return c.PeerCertificates[0]
	}
	return nil
}

func ownCert(t *tx.Tx) *x509.Certificate { return t.Sess.OwnCert }

// certWords makes the words that all three certificates have.
func certWords(p, whose string, of func(*tx.Tx) *x509.Certificate) []word[Fetch] {
	str := func(name, what string, get func(*x509.Certificate) string) word[Fetch] {
		return fetch(p+"_"+name, "", tx.TypeStr, ClientL5, what+" of the "+whose+".", plain(func(t *tx.Tx, v *Value) bool {
			c := of(t)
			if c == nil {
				return false
			}
			v.SetStr(stringBytes(t, get(c)))
			return true
		}))
	}
	bin := func(name, what string, get func(*x509.Certificate) []byte) word[Fetch] {
		return fetch(p+"_"+name, "", tx.TypeBin, ClientL5, what+" of the "+whose+".", plain(func(t *tx.Tx, v *Value) bool {
			c := of(t)
			if c == nil {
				return false
			}
			v.SetBin(t.Scratch.Copy(get(c)))
			return true
		}))
	}
	return []word[Fetch]{
		bin("der", "DER form", func(c *x509.Certificate) []byte { return c.Raw }),
		bin("serial", "Serial number", func(c *x509.Certificate) []byte { return c.SerialNumber.Bytes() }),
		bin("sha1", "SHA-1 fingerprint", func(c *x509.Certificate) []byte { h := sha1.Sum(c.Raw); return h[:] }),
		str("notafter", "End date, as YYMMDDhhmmssZ,", func(c *x509.Certificate) string { return certDate(c.NotAfter) }),
		str("notbefore", "Start date, as YYMMDDhhmmssZ,", func(c *x509.Certificate) string { return certDate(c.NotBefore) }),
		str("key_alg", "Key algorithm", func(c *x509.Certificate) string { return keyAlg(c) }),
		str("sig_alg", "Signature algorithm", func(c *x509.Certificate) string { return sigAlg(c) }),
		fetch(p+"_version", "", tx.TypeInt, ClientL5, "Version of the "+whose+".", plain(func(t *tx.Tx, v *Value) bool {
			c := of(t)
			if c == nil {
				return false
			}
			v.SetInt(int64(c.Version))
			return true
		})),
		fetch(p+"_i_dn", dnSig, tx.TypeStr, ClientL5, "Issuer of the "+whose+", or one entry of it.", newDN(func(t *tx.Tx) *pkix.Name {
			if c := of(t); c != nil {
				return &c.Issuer
			}
			return nil
		})),
		fetch(p+"_s_dn", dnSig, tx.TypeStr, ClientL5, "Subject of the "+whose+", or one entry of it.", newDN(func(t *tx.Tx) *pkix.Name {
			if c := of(t); c != nil {
				return &c.Subject
			}
			return nil
		})),
	}
}

func certDate(t time.Time) string { return t.UTC().Format("060102150405Z") }

// keyAlg names a key's algorithm as OpenSSL's short names do.
func keyAlg(c *x509.Certificate) string {
	switch c.PublicKeyAlgorithm {
	case x509.RSA:
		return "rsaEncryption"
	case x509.ECDSA:
		return "id-ecPublicKey"
	case x509.DSA:
		return "dsaEncryption"
	case x509.Ed25519:
		return "ED25519"
	}
	return ""
}

// sigAlg names a signature's algorithm as OpenSSL's short names do.
func sigAlg(c *x509.Certificate) string {
	switch c.SignatureAlgorithm {
	case x509.MD5WithRSA:
		return "RSA-MD5"
	case x509.SHA1WithRSA:
		return "RSA-SHA1"
	case x509.SHA256WithRSA:
		return "RSA-SHA256"
	case x509.SHA384WithRSA:
		return "RSA-SHA384"
	case x509.SHA512WithRSA:
		return "RSA-SHA512"
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return "RSASSA-PSS"
	case x509.ECDSAWithSHA1:
		return "ecdsa-with-SHA1"
	case x509.ECDSAWithSHA256:
		return "ecdsa-with-SHA256"
	case x509.ECDSAWithSHA384:
		return "ecdsa-with-SHA384"
	case x509.ECDSAWithSHA512:
		return "ecdsa-with-SHA512"
	case x509.PureEd25519:
		return "ED25519"
	}
	return ""
}

// dnNames are the short names of the entries of a distinguished name.
var dnNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L",
	"2.5.4.8": "ST", "2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title",
	"2.5.4.17": "postalCode", "2.5.4.42": "GN", "2.5.4.43": "initials",
	"1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

func dnName(oid string) string {
	if n, ok := dnNames[oid]; ok {
		return n
	}
	return oid
}

func newDN(of func(*tx.Tx) *pkix.Name) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		entry, occ, format := a.str(0, ""), int(a.int(1, 0)), a.str(2, "")
		if format != "" && format != "rfc2253" {
			return nil, errText("only rfc2253 or a blank value are currently supported as the format argument..")
		}
		return func(t *tx.Tx, v *Value) bool {
			name := of(t)
			if name == nil {
				return false
			}
			s, ok := "", true
			switch {
			case entry != "":
				s, ok = dnEntry(name, entry, occ)
			case format != "":
				s = name.String()
			default:
				s = dnOneline(name)
			}
			v.SetStr(stringBytes(t, s))
			return ok
		}, nil
	}
}

// dnEntry returns occurrence occ (0: the first) of an entry of a name.
func dnEntry(n *pkix.Name, entry string, occ int) (string, bool) {
	var vals []string
	for _, x := range n.Names {
		if dnName(x.Type.String()) == entry {
			if s, ok := x.Value.(string); ok {
				vals = append(vals, s)
			}
		}
	}
	switch {
	case occ == 0:
		occ = 1
	case occ < 0:
		occ += len(vals) + 1
	}
	if occ < 1 || occ > len(vals) || strings.ContainsRune(vals[occ-1], 0) {
		return "", false
	}
	return vals[occ-1], true
}

// dnOneline returns a name as "/C=FR/CN=x".
func dnOneline(n *pkix.Name) string {
	var b strings.Builder
	for _, x := range n.Names {
		if s, ok := x.Value.(string); ok {
			b.WriteString("/" + dnName(x.Type.String()) + "=" + s)
		}
	}
	return b.String()
}

// firstError is the error that a verification met first, from the root down.
func firstError(d *tx.Verdict) int {
	if d.CAErr != 0 {
		return d.CAErr
	}
	return d.Err
}

// verdictOf makes a fetch of one number of the client certificate's verdict.
func verdictOf(field func(*tx.Verdict) int) buildFunc {
	return plain(func(t *tx.Tx, v *Value) bool {
		v.SetInt(int64(field(&t.Sess.Verdict)))
		return t.Sess.TLS != nil
	})
}

func chain(certs []*x509.Certificate, t *tx.Tx, v *Value) bool {
	n := 0
	for _, c := range certs {
		n += len(c.Raw)
	}
	b := t.Scratch.Alloc(n)[:0]
	for _, c := range certs {
		b = append(b, c.Raw...)
	}
	v.SetBin(b)
	return len(certs) > 0
}

func evalClientChain(t *tx.Tx, v *Value) bool {
	c := t.Sess.TLS
	return c != nil && len(c.PeerCertificates) > 0 && chain(c.PeerCertificates[1:], t, v) // without the client's own, as OpenSSL gives it
}

func evalServerChain(t *tx.Tx, v *Value) bool {
	return t.SrvTLS != nil && chain(t.SrvTLS.PeerCertificates, t, v)
}

func evalSAN(t *tx.Tx, v *Value) bool {
	c := clientCert(t)
	if c == nil {
		return false
	}
	var names []string
	for _, n := range c.DNSNames {
		names = append(names, "DNS:"+n)
	}
	for _, n := range c.EmailAddresses {
		names = append(names, "email:"+n)
	}
	for _, n := range c.IPAddresses {
		names = append(names, "IP Address:"+n.String())
	}
	for _, n := range c.URIs {
		names = append(names, "URI:"+n.String())
	}
	v.SetStr([]byte(strings.Join(names, ", ")))
	return len(names) > 0
}

// newPolicies lists the policies, or looks for one of them.
func newPolicies(_ *keyword.Env, a args) (evalFunc, error) {
	want := a.str(0, "")
	return func(t *tx.Tx, v *Value) bool {
		c := clientCert(t)
		if c == nil {
			return false
		}
		var names []string
		for _, p := range c.Policies {
			if s := p.String(); want == "" || s == want {
				names = append(names, s)
			}
		}
		v.SetStr([]byte(strings.Join(names, ", ")))
		return len(names) > 0
	}, nil
}
