package cli

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"crypto/x509/pkix"
	"encoding/asn1"

	"tandem/parser/keyword"
	"tandem/proxy/certs"
)

// ocspCommands show OCSP responses and replace them while they are stapled.
var ocspCommands = []*keyword.Def[Command]{
	command("set ssl ocsp-response", " <resp|payload>", Admin, "replace an OCSP response.", setOCSP),
	command("show ssl ocsp-response", " [[text|base64] id]", Admin, "show the OCSP responses, or one.", showOCSP),
}

func setOCSP(c *Call) {
	text := c.arg(0)
	if c.HasLoad {
		text = c.Payload
	}
	if text == "" {
		c.fail("'set ssl ocsp-response' expects response in base64 encoding.")
		return
	}
	if err := c.store().SetOCSP(text, c.now()); err != nil {
		c.fail("%s", err)
		return
	}
	c.say(Info, "OCSP Response updated!")
}

func showOCSP(c *Call) {
	name, encoded := c.arg(0), false
	switch name {
	case "":
		c.printf("# Certificate IDs\n")
		for _, o := range c.store().OCSP() {
			c.printf("Certificate ID key : %s\nCertificate path : %s\n Certificate ID:\n", o.Key(), o.Path)
			if s := o.Staple(); s != nil {
				c.printf("   Issuer Name Hash: %X\n   Issuer Key Hash: %X\n   Serial Number: %s\n", s.ID.Name, s.ID.Key, serialText(s.ID.Serial))
			}
		}
		return
	case "text", "base64":
		encoded = name == "base64"
		if name = c.arg(1); name == "" {
			c.fail("'show ssl ocsp-response [text|base64]' expects a valid certid.")
			return
		}
	}
	o, named := c.store().FindOCSP(name)
	switch {
	case !named:
		c.fail("'show ssl ocsp-response' expects a valid certid or certificate path.")
	case o == nil:
		c.fail("Certificate ID or path does not match any certificate.")
	case o.Staple() == nil:
	case encoded:
		c.printf("%s", base64.StdEncoding.EncodeToString(o.Staple().Raw))
	default:
		c.printOCSP(o.Staple())
	}
}

// printOCSP prints a response as openssl-ocsp(1) does with -text, without the
// text of the certificates in it.
func (c *Call) printOCSP(s *certs.Staple) {
	c.printf("OCSP Response Data:\n    OCSP Response Status: successful (0x0)\n    Response Type: Basic OCSP Response\n    Version: 1 (0x0)\n    Responder Id: ")
	if s.ResponderName != nil {
		c.printf("%s\n", spacedName(s.ResponderName))
	} else {
		c.printf("%X\n", s.ResponderKey)
	}
	c.printf("    Produced At: %s\n    Responses:\n    Certificate ID:\n      Hash Algorithm: sha1\n", sslDate(s.ProducedAt))
	c.printf("      Issuer Name Hash: %X\n      Issuer Key Hash: %X\n      Serial Number: %s\n    Cert Status: %s\n", s.ID.Name, s.ID.Key, serialText(s.ID.Serial), s.Status)
	if s.Status == "revoked" {
		c.printf("    Revocation Time: %s\n", sslDate(s.RevokedAt))
	}
	c.printf("    This Update: %s\n", sslDate(s.ThisUpdate))
	if !s.NextUpdate.IsZero() {
		c.printf("    Next Update: %s\n", sslDate(s.NextUpdate))
	}
	c.printf(" \n    Signature Algorithm: %s\n    Signature Value:\n", certs.SignatureName(s.Algorithm))
	for i, b := range s.Signature {
		switch {
		case i%18 == 0:
			c.printf("        ")
		}
		c.printf("%s", hex.EncodeToString([]byte{b}))
		if i+1 < len(s.Signature) {
			c.printf(":")
		}
		if i%18 == 17 || i+1 == len(s.Signature) {
			c.printf("\n")
		}
	}
	for _, x := range s.Certs {
		c.write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw}))
	}
}

// spacedName prints a distinguished name as "O = a, CN = b".
func spacedName(raw []byte) string {
	var seq pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &seq); err != nil {
		return ""
	}
	var parts []string
	for _, set := range seq {
		for _, a := range set {
			name := a.Type.String()
			if s, ok := shortNames[name]; ok {
				name = s
			}
			parts = append(parts, fmt.Sprintf("%s = %v", name, a.Value))
		}
	}
	return strings.Join(parts, ", ")
}
