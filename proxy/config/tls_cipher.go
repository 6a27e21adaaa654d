package config

import (
	"os"
	"regexp"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/source"
)

// systemCiphers is what "PROFILE=SYSTEM" reads on the distributions whose
// OpenSSL knows it; elsewhere the original refuses the word.
const systemCiphers = "/etc/crypto-policies/back-ends/openssl.config"

// cipherWord is the shape of one cipher's name, and of the sets of ciphers
// that OpenSSL knows (openssl-ciphers(1)).
var cipherWord = regexp.MustCompile(`^(?:[A-Z0-9]+(?:[-_][A-Za-z0-9]+)+|ALL|COMPLEMENTOF(?:ALL|DEFAULT)|DEFAULT|HIGH|MEDIUM|LOW|EXP(?:ORT)?|[aek]?NULL|` +
	`[ak]?(?:RSA|DH|DHE|EDH|ECDH|ECDHE|EECDH|DSS|ECDSA|PSK|GOST(?:01|12|18)?|SRP)[er]?|k?(?:RSA|ECDHE|DHE)PSK|ADH|AECDH|SSLv[23]|TLSv1(?:\.[0-3])?|` +
	`AES(?:128|256)?|AES(?:GCM|CCM8?)|CAMELLIA(?:128|256)?|ARIA(?:GCM)?(?:128|256)?|CHACHA20|3?DES|RC[24]|IDEA|SEED|MD5|SHA1?|SHA256|SHA384|SUITEB\w+|FIPS|CBC)$`)

// cipherless says whether an OpenSSL cipher list chooses nothing for sure.
func cipherless(list string) bool {
	if list == "" {
		return false
	}
	for _, w := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' || r == ';' }) {
		if w == "PROFILE=SYSTEM" {
			if _, err := os.Stat(systemCiphers); err == nil {
				return false
			}
			continue
		}
		if strings.ContainsAny(w[:1], "!-+@") {
			continue
		}
		known := true
		for part := range strings.SplitSeq(w, "+") {
			known = known && cipherWord.MatchString(part)
		}
		if known {
			return false
		}
	}
	return true
}

// checkDefaultCiphers refuses what the original's own client, which fetches
// OCSP answers, cannot use.
func (c *compiler) checkDefaultCiphers() {
	if list := c.cfg.Global.SSLDefaultServer["ciphers"]; cipherless(list) && !c.opt.Offline {
		d := c.diags.Alertf(diag.BadValue, source.Span{}, "unable to set SSL cipher list to '%s'.", list)
		d.Layout, d.Subject = diag.PostParse, "server <OCSP-UPDATE>/<HTTPSCLIENT>"
	}
}
