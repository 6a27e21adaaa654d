package sample

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha256" // the digests of the algorithms below
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// jwtConvs look into JSON Web Tokens (RFC 7519) and check their signatures.
var jwtConvs = []word[Conv]{
	conv("jwt_header_query", "[string,string]", tx.TypeBin, tx.TypeAny, "Header of a token, or the value at a path in it.", newJWTQuery(0)),
	conv("jwt_payload_query", "[string,string]", tx.TypeBin, tx.TypeAny, "Claims of a token, or the value at a path in them.", newJWTQuery(1)),
	conv("jwt_verify", "string,string", tx.TypeBin, tx.TypeInt, "1 if a token's signature is right, 0 if not, below 0 for errors.", newJWTVerify),
	conv("jwt_verify_cert", "string,string", tx.TypeBin, tx.TypeInt, "jwt_verify with the key of a certificate.", newJWTVerify),
	conv("jwt_decrypt_cert", "string", tx.TypeBin, tx.TypeBin, "Content of an encrypted token, with the key of a certificate.", never, keyword.Refused),
	conv("jwt_decrypt_jwk", "string", tx.TypeBin, tx.TypeBin, "Content of an encrypted token, with a JSON web key.", never, keyword.Refused),
	conv("jwt_decrypt_secret", "string", tx.TypeBin, tx.TypeBin, "Content of an encrypted token, with a shared secret.", never, keyword.Refused),
}

// jwtPart decodes part n of a token.
func jwtPart(t *tx.Tx, token []byte, n int) ([]byte, bool) {
	for ; n > 0; n-- {
		i := bytes.IndexByte(token, '.')
		if i < 0 {
			return nil, false
		}
		token = token[i+1:]
	}
	if i := bytes.IndexByte(token, '.'); i >= 0 {
		token = token[:i]
	}
	out := t.Scratch.Alloc(base64.RawURLEncoding.DecodedLen(len(token)))
	k, err := base64.RawURLEncoding.Decode(out, token)
	return out[:k], err == nil
}

func newJWTQuery(part int) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		var path []jsonStep
		found := true
		if a.str(0, "") != "" {
			var err error
			path, err = parseJSONPath(a.str(0, ""))
			found = err == nil // the original takes any path, and finds nothing at a bad one
		}
		asInt := a.str(1, "") == "int"
		if s := a.str(1, ""); s != "" && s != "int" {
			return nil, errText("output_type only supports \"int\" as argument.")
		}
		whole := a.str(0, "") == ""
		return func(t *tx.Tx, v *Value) bool {
			doc, ok := jwtPart(t, v.B, part)
			if !ok || !found {
				return false
			}
			if whole {
				v.SetStr(doc)
				return true
			}
			raw, ok := jsonAt(doc, path)
			return ok && setJSON(t, v, raw, asInt)
		}, nil
	}
}

// jwtAlg is a signature algorithm (RFC 7518 3.1).
type jwtAlg struct {
	hash crypto.Hash
	kind byte // h HMAC, r RSA, p RSA-PSS, e ECDSA
	size int  // of half an ECDSA signature
}

var jwtAlgs = map[string]jwtAlg{
	"HS256": {crypto.SHA256, 'h', 0}, "HS384": {crypto.SHA384, 'h', 0}, "HS512": {crypto.SHA512, 'h', 0},
	"RS256": {crypto.SHA256, 'r', 0}, "RS384": {crypto.SHA384, 'r', 0}, "RS512": {crypto.SHA512, 'r', 0},
	"PS256": {crypto.SHA256, 'p', 0}, "PS384": {crypto.SHA384, 'p', 0}, "PS512": {crypto.SHA512, 'p', 0},
	"ES256": {crypto.SHA256, 'e', 32}, "ES384": {crypto.SHA384, 'e', 48}, "ES512": {crypto.SHA512, 'e', 66},
}

// Results of jwt_verify (configuration manual).
const (
	jwtInvalid   = 0
	jwtValid     = 1
	jwtUnmanaged = -2
	jwtBadToken  = -3
	jwtNoKey     = -5
)

func newJWTVerify(e *keyword.Env, a args) (evalFunc, error) {
	name, keyArg := a.str(0, ""), a.str(1, "")
	alg, fixed := jwtAlgs[name]
	algVar, err := ParseVar(name)
	if !fixed && err != nil {
		return nil, errText("unknown JWT algorithm: " + name)
	}
	keyVar, err := ParseVar(keyArg)
	keyIsVar := err == nil
	var public any
	if !keyIsVar && (!fixed || alg.kind != 'h') {
		data, err := e.ReadFile(keyArg)
		if err != nil {
			if fixed {
				return nil, fmt.Errorf("failed to parse %s certificate", keyArg)
			}
		} else if public = publicKey(data); public == nil && fixed {
			return nil, fmt.Errorf("failed to parse %s certificate", keyArg)
		}
	}
	return func(t *tx.Tx, v *Value) bool {
		alg := alg
		if !fixed {
			val, ok := getVar(t, algVar)
			if !ok {
				return false
			}
			if alg, ok = jwtAlgs[string(val.B)]; !ok {
				v.SetInt(jwtUnmanaged)
				return true
			}
		}
		key, pub := []byte(keyArg), public
		if keyIsVar {
			val, ok := getVar(t, keyVar)
			if !ok {
				return false
			}
			key = val.B
			if alg.kind != 'h' {
				pub = publicKey(key)
			}
		}
		v.SetInt(verifyJWT(t, v.B, alg, key, pub))
		return true
	}, nil
}

// publicKey reads a key or a certificate in PEM.
func publicKey(data []byte) any {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			return c.PublicKey
		}
		if k, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			return k
		}
		data = rest
	}
}

// verifyJWT checks a signature with the algorithm that the configuration
// names, whatever the token itself says.
func verifyJWT(t *tx.Tx, token []byte, alg jwtAlg, key []byte, public any) int64 {
	i := bytes.LastIndexByte(token, '.')
	if i < 0 || bytes.Count(token, []byte(".")) != 2 {
		return jwtBadToken
	}
	sig, ok := jwtPart(t, token, 2)
	if !ok {
		return jwtBadToken
	}
	signed := token[:i]
	if alg.kind == 'h' {
		h := hmac.New(alg.hash.New, key)
		_, _ = h.Write(signed) // never fails
		return boolInt(hmac.Equal(h.Sum(nil), sig))
	}
	h := alg.hash.New()
	_, _ = h.Write(signed) // never fails
	sum := h.Sum(nil)
	switch alg.kind {
	case 'r', 'p':
		k, ok := public.(*rsa.PublicKey)
		if !ok {
			return jwtNoKey
		}
		var err error
		if alg.kind == 'r' {
			err = rsa.VerifyPKCS1v15(k, alg.hash, sum, sig)
		} else {
			err = rsa.VerifyPSS(k, alg.hash, sum, sig, nil)
		}
		return boolInt(err == nil)
	}
	k, ok := public.(*ecdsa.PublicKey)
	if !ok {
		return jwtNoKey
	}
	if len(sig) != 2*alg.size {
		return jwtInvalid
	}
	r, s := new(big.Int).SetBytes(sig[:alg.size]), new(big.Int).SetBytes(sig[alg.size:])
	if ecdsa.Verify(k, sum, r, s) {
		return jwtValid
	}
	return jwtInvalid
}
