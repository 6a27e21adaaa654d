package certs

import (
	"crypto/tls"
	"slices"
	"strings"
)

// suite is one cipher suite up to TLS 1.2 that crypto/tls has, with the words
// of OpenSSL's cipher lists that choose it (openssl-ciphers(1)).
type suite struct {
	id    uint16
	name  string
	words string
}

// suites are in OpenSSL's order of preference.
var suites = []suite{
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE ECDSA AES256 AESGCM AEAD SHA384 TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE aRSA AES256 AESGCM AEAD SHA384 TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE ECDSA CHACHA20 AEAD TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE aRSA CHACHA20 AEAD TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE ECDSA AES128 AESGCM AEAD SHA256 TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE aRSA AES128 AESGCM AEAD SHA256 TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, "ECDHE-ECDSA-AES128-SHA256", "ECDHE ECDSA AES128 CBC SHA256 TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "ECDHE-RSA-AES128-SHA256", "ECDHE aRSA AES128 CBC SHA256 TLSv1.2 HIGH"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA", "ECDHE ECDSA AES256 CBC SHA1 TLSv1.0 HIGH"},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "ECDHE-RSA-AES256-SHA", "ECDHE aRSA AES256 CBC SHA1 TLSv1.0 HIGH"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES128-SHA", "ECDHE ECDSA AES128 CBC SHA1 TLSv1.0 HIGH"},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES128-SHA", "ECDHE aRSA AES128 CBC SHA1 TLSv1.0 HIGH"},
	{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384", "kRSA aRSA AES256 AESGCM AEAD SHA384 TLSv1.2 HIGH"},
	{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, "AES128-GCM-SHA256", "kRSA aRSA AES128 AESGCM AEAD SHA256 TLSv1.2 HIGH"},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA256, "AES128-SHA256", "kRSA aRSA AES128 CBC SHA256 TLSv1.2 HIGH"},
	{tls.TLS_RSA_WITH_AES_256_CBC_SHA, "AES256-SHA", "kRSA aRSA AES256 CBC SHA1 SSLv3 HIGH"},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA", "kRSA aRSA AES128 CBC SHA1 SSLv3 HIGH"},
	{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, "ECDHE-RSA-DES-CBC3-SHA", "ECDHE aRSA 3DES CBC SHA1 TLSv1.0 MEDIUM"},
	{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, "DES-CBC3-SHA", "kRSA aRSA 3DES CBC SHA1 SSLv3 MEDIUM"},
}

// cipherAliases are other spellings of the words of suites.
var cipherAliases = map[string]string{
	"kECDHE": "ECDHE", "kEECDH": "ECDHE", "EECDH": "ECDHE", "ECDH": "ECDHE", "ECDHEr": "ECDHE", "aECDSA": "ECDSA", "SHA": "SHA1", "RSA": "kRSA",
}

// systemProfile is the list of the distribution's policy; here it is the
// default one.
const systemProfile = "PROFILE=SYSTEM"

// has says whether the suite answers to every part of a word such as
// "ECDHE+aRSA+AES".
func (s *suite) has(word string) bool {
	for part := range strings.SplitSeq(word, "+") {
		if a := cipherAliases[part]; a != "" {
			part = a
		}
		switch {
		case part == "ALL" || part == s.name:
		case part == "DEFAULT" || part == systemProfile:
			if !strings.Contains(s.words, "HIGH") {
				return false
			}
		case part == "AES":
			if !strings.Contains(s.words, "AES") {
				return false
			}
		case !slices.Contains(strings.Fields(s.words), part):
			return false
		}
	}
	return true
}

// CipherSuites returns the suites up to TLS 1.2 that an OpenSSL cipher list
// chooses (openssl-ciphers(1): "+" joins, "!" and "-" take out). Suites that
// crypto/tls has not, such as those with DHE, choose nothing. Never nil: an
// empty list speaks TLS 1.3 only.
func CipherSuites(list string) []uint16 {
	out := []uint16{}
	killed := map[uint16]bool{}
	for _, w := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' || r == ';' }) {
		op := w[0]
		if op == '!' || op == '-' || op == '+' {
			w = w[1:]
		}
		for i := range suites {
			s := &suites[i]
			if op == '@' || !s.has(w) {
				continue
			}
			switch op {
			case '!', '-':
				killed[s.id] = killed[s.id] || op == '!'
				out = slices.DeleteFunc(out, func(id uint16) bool { return id == s.id })
			case '+': // moves to the end: crypto/tls orders by itself
			default:
				if !killed[s.id] && !slices.Contains(out, s.id) {
					out = append(out, s.id)
				}
			}
		}
	}
	return out
}

// tls13Suites are the suites of TLS 1.3 by name; the value says whether
// crypto/tls has them.
var tls13Suites = map[string]bool{
	"TLS_AES_128_GCM_SHA256": true, "TLS_AES_256_GCM_SHA384": true, "TLS_CHACHA20_POLY1305_SHA256": true,
	"TLS_AES_128_CCM_SHA256": false, "TLS_AES_128_CCM_8_SHA256": false,
}

// TLS13Suites says whether a list of TLS 1.3 suites names any, and whether
// all that crypto/tls has are in it: it lets none be left out.
func TLS13Suites(list string) (known, all bool) {
	if list == "" {
		return true, true
	}
	n := 0
	for w := range strings.SplitSeq(list, ":") {
		here, ok := tls13Suites[w]
		known = known || ok
		if here {
			n++
		}
	}
	return known, n >= 3
}

// groups are the key exchange groups that lists name, as OpenSSL spells them;
// zero: known there, not in crypto/tls.
var groups = map[string]tls.CurveID{
	"P-256": tls.CurveP256, "prime256v1": tls.CurveP256, "secp256r1": tls.CurveP256,
	"P-384": tls.CurveP384, "secp384r1": tls.CurveP384, "P-521": tls.CurveP521, "secp521r1": tls.CurveP521,
	"X25519": tls.X25519, "x25519": tls.X25519,
	"X25519MLKEM768": tls.X25519MLKEM768, "SecP256r1MLKEM768": tls.SecP256r1MLKEM768, "SecP384r1MLKEM1024": tls.SecP384r1MLKEM1024,
	"X448": 0, "x448": 0, "ffdhe2048": 0, "ffdhe3072": 0, "ffdhe4096": 0, "ffdhe6144": 0, "ffdhe8192": 0,
	"brainpoolP256r1": 0, "brainpoolP384r1": 0, "brainpoolP512r1": 0, "secp256k1": 0, "secp224r1": 0, "P-224": 0, "secp224k1": 0,
	"secp192k1": 0, "secp192r1": 0, "prime192v1": 0, "P-192": 0, "secp160k1": 0, "secp160r1": 0, "secp160r2": 0,
	"sect571r1": 0, "sect571k1": 0, "sect409r1": 0, "sect409k1": 0, "sect283r1": 0, "sect283k1": 0, "sect239k1": 0,
	"sect233r1": 0, "sect233k1": 0, "sect193r1": 0, "sect193r2": 0, "sect163r1": 0, "sect163r2": 0, "sect163k1": 0,
	"B-163": 0, "K-163": 0, "B-233": 0, "K-233": 0, "B-283": 0, "K-283": 0, "B-409": 0, "K-409": 0, "B-571": 0, "K-571": 0,
}

// Groups returns the key exchange groups of a list with ":" between them
// (configuration manual 5.1, curves); ok is false where one is unknown or
// named twice. Groups that crypto/tls has not are left out.
func Groups(list string) (out []tls.CurveID, ok bool) {
	seen := map[string]bool{}
	for w := range strings.SplitSeq(list, ":") {
		id, known := groups[w]
		if !known || seen[w] {
			return nil, false
		}
		seen[w] = true
		if id != 0 {
			out = append(out, id)
		}
	}
	return out, true
}

// sigSchemes are the signature algorithms that have a name of their own in
// TLS 1.3.
var sigSchemes = strings.Fields(`ecdsa_secp256r1_sha256 ecdsa_secp384r1_sha384 ecdsa_secp521r1_sha512 ed25519 ed448
	rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512 rsa_pss_pss_sha256 rsa_pss_pss_sha384 rsa_pss_pss_sha512
	rsa_pkcs1_sha256 rsa_pkcs1_sha384 rsa_pkcs1_sha512 ecdsa_sha224 ecdsa_sha1 rsa_pkcs1_sha224 rsa_pkcs1_sha1 dsa_sha256 dsa_sha384 dsa_sha512 dsa_sha224 dsa_sha1`)

// signatureSchemes are crypto/tls's numbers of the names that it has.
var signatureSchemes = map[string]tls.SignatureScheme{
	"ecdsa_secp256r1_sha256": tls.ECDSAWithP256AndSHA256, "ecdsa_secp384r1_sha384": tls.ECDSAWithP384AndSHA384, "ecdsa_secp521r1_sha512": tls.ECDSAWithP521AndSHA512,
	"ed25519": tls.Ed25519, "rsa_pss_rsae_sha256": tls.PSSWithSHA256, "rsa_pss_rsae_sha384": tls.PSSWithSHA384, "rsa_pss_rsae_sha512": tls.PSSWithSHA512,
	"rsa_pkcs1_sha256": tls.PKCS1WithSHA256, "rsa_pkcs1_sha384": tls.PKCS1WithSHA384, "rsa_pkcs1_sha512": tls.PKCS1WithSHA512,
	"ecdsa_sha1": tls.ECDSAWithSHA1, "rsa_pkcs1_sha1": tls.PKCS1WithSHA1,
	"ECDSA+SHA256": tls.ECDSAWithP256AndSHA256, "ECDSA+SHA384": tls.ECDSAWithP384AndSHA384, "ECDSA+SHA512": tls.ECDSAWithP521AndSHA512, "ECDSA+SHA1": tls.ECDSAWithSHA1,
	"RSA-PSS+SHA256": tls.PSSWithSHA256, "RSA-PSS+SHA384": tls.PSSWithSHA384, "RSA-PSS+SHA512": tls.PSSWithSHA512,
	"PSS+SHA256": tls.PSSWithSHA256, "PSS+SHA384": tls.PSSWithSHA384, "PSS+SHA512": tls.PSSWithSHA512,
	"RSA+SHA256": tls.PKCS1WithSHA256, "RSA+SHA384": tls.PKCS1WithSHA384, "RSA+SHA512": tls.PKCS1WithSHA512, "RSA+SHA1": tls.PKCS1WithSHA1,
}

// SignatureSchemes returns those of a list (configuration manual 5.1, sigalgs)
// that crypto/tls has. Never nil: an empty list signs nothing.
func SignatureSchemes(list string) []tls.SignatureScheme {
	out := []tls.SignatureScheme{}
	for w := range strings.SplitSeq(list, ":") {
		if s, ok := signatureSchemes[w]; ok {
			out = append(out, s)
		}
	}
	return out
}

// SigAlgsKnown says whether OpenSSL would take a list of signature algorithms
// (configuration manual 5.1, sigalgs): names of TLS 1.3, or pairs such as
// "ECDSA+SHA256".
func SigAlgsKnown(list string) bool {
	for w := range strings.SplitSeq(list, ":") {
		if slices.Contains(sigSchemes, w) {
			continue
		}
		sig, hash, ok := strings.Cut(w, "+")
		if !ok || !slices.Contains([]string{"RSA", "RSA-PSS", "PSS", "DSA", "ECDSA"}, sig) ||
			!slices.Contains([]string{"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"}, hash) {
			return false
		}
	}
	return true
}
