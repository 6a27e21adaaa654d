package cli

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// sslTime is how certificates' times are printed.
const sslTime = "Jan _2 15:04:05 2006 GMT"

// printCert prints what "show ssl cert" and "show ssl ca-file" say of one certificate.
func (c *Call) printCert(l *x509.Certificate) {
	c.printf("Serial: %s\n", serialText(l.SerialNumber))
	c.printf("notBefore: %s\nnotAfter: %s\n", sslDate(l.NotBefore), sslDate(l.NotAfter))
	c.printf("Subject Alternative Name: %s\n", altNames(l))
	c.printf("Algorithm: %s\n", keyKind(l))
	c.printf("SHA1 FingerPrint: %X\n", sha1.Sum(l.Raw))
	c.printf("Subject: %s\nIssuer: %s\n", slashName(l.RawSubject), slashName(l.RawIssuer))
}

// serialText prints a serial number as two digits for each byte.
func serialText(n *big.Int) string {
	if n.Sign() == 0 {
		return "00"
	}
	return fmt.Sprintf("%X", n.Bytes())
}

// sslDate prints a date as OpenSSL does.
func sslDate(t time.Time) string { return t.UTC().Format(sslTime) }

// altNames prints the alternative names as OpenSSL does.
func altNames(l *x509.Certificate) string {
	var out []string
	for _, n := range l.DNSNames {
		out = append(out, "DNS:"+n)
	}
	for _, a := range l.IPAddresses {
		out = append(out, "IP Address:"+a.String())
	}
	return strings.Join(out, ", ")
}

// keyKind names the kind and size of the key.
func keyKind(l *x509.Certificate) string {
	switch k := l.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA%d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return fmt.Sprintf("EC%d", k.Params().BitSize)
	}
	return l.PublicKeyAlgorithm.String()
}

// shortNames are OpenSSL's short names of the parts of distinguished names.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
	"2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.9": "street", "2.5.4.12": "title", "2.5.4.42": "GN",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "emailAddress",
}

// slashName prints a distinguished name as "/O=a/CN=b".
func slashName(raw []byte) string {
	var seq pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &seq); err != nil {
		return ""
	}
	var b strings.Builder
	for _, set := range seq {
		for _, a := range set {
			name := a.Type.String()
			if s, ok := shortNames[name]; ok {
				name = s
			}
			fmt.Fprintf(&b, "/%s=%v", name, a.Value)
		}
	}
	return b.String()
}
