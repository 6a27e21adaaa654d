package sample

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

const aesSig = "integer,string,string[,string]"

// cryptoConvs make digests and encrypt.
var cryptoConvs = []word[Conv]{
	conv("sha1", "", tx.TypeBin, tx.TypeBin, "SHA-1 digest.", plain(digestWith(sha1.New))),
	conv("sha2", "[integer]", tx.TypeBin, tx.TypeBin, "SHA-2 digest of 224, 256 (default), 384 or 512 bits.", newSHA2),
	conv("digest", "string", tx.TypeBin, tx.TypeBin, "Digest by name, as sha256.", newDigest),
	conv("hmac", "string,string", tx.TypeBin, tx.TypeBin, "Keyed digest (RFC 2104): digest by name, key in base64 or a variable.", newHMAC),
	conv("aes_cbc_enc", aesSig, tx.TypeBin, tx.TypeBin, "AES-CBC encryption: bits, nonce, key.", newCBC(true)),
	conv("aes_cbc_dec", aesSig, tx.TypeBin, tx.TypeBin, "AES-CBC decryption: bits, nonce, key.", newCBC(false)),
	conv("aes_gcm_enc", "integer,string,string,string[,string]", tx.TypeBin, tx.TypeBin, "AES-GCM encryption: bits, nonce, key, variable for the tag.", newGCM(true)),
	conv("aes_gcm_dec", "integer,string,string,string[,string]", tx.TypeBin, tx.TypeBin, "AES-GCM decryption: bits, nonce, key, tag.", newGCM(false)),
}

// digests by OpenSSL's names.
var digests = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384,
	"sha512": sha512.New, "sha512-224": sha512.New512_224, "sha512-256": sha512.New512_256,
}

// digestByName finds a digest in the spellings that OpenSSL takes.
func digestByName(name string) func() hash.Hash {
	name = strings.ToLower(name)
	name = strings.TrimPrefix(name, "rsa-")
	if h := digests[name]; h != nil {
		return h
	}
	return digests[strings.Replace(strings.Replace(name, "sha-", "sha", 1), "sha2-", "sha", 1)]
}

func digestWith(newHash func() hash.Hash) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		h := newHash()
		_, _ = h.Write(v.B) // never fails
		v.SetBin(h.Sum(t.Scratch.Alloc(h.Size())[:0]))
		return true
	}
}

func newSHA2(_ *keyword.Env, a args) (evalFunc, error) {
	switch a.int(0, 256) {
	case 224:
		return digestWith(sha256.New224), nil
	case 256:
		return digestWith(sha256.New), nil
	case 384:
		return digestWith(sha512.New384), nil
	case 512:
		return digestWith(sha512.New), nil
	}
	return nil, errText("Unsupported number of bits: '" + a.str(0, "") + "'")
}

func newDigest(_ *keyword.Env, a args) (evalFunc, error) {
	h := digestByName(a.str(0, ""))
	if h == nil {
		return nil, errText("algorithm must be a valid OpenSSL message digest name..")
	}
	return digestWith(h), nil
}

// secret is an argument that is base64 text or a variable.
type secret struct {
	data  []byte
	name  tx.VarName
	isVar bool
}

// parseSecret reads one; what says what it is for, in messages.
func parseSecret(s string) (secret, error) {
	if scope, _, ok := strings.Cut(s, "."); ok {
		if _, known := varScopes[scope]; known {
			n, err := ParseVar(s)
			return secret{name: n, isVar: true}, err
		}
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return secret{}, errText("argument needs to be base64 encoded, and can either be a string or a variable")
	}
	return secret{data: b}, nil
}

// get returns the bytes; a variable holds them in base64.
func (s *secret) get(t *tx.Tx) ([]byte, bool) {
	if !s.isVar {
		return s.data, true
	}
	val, ok := getVar(t, s.name)
	if !ok || !Cast(t, &val, tx.TypeStr) {
		return nil, false
	}
	out := t.Scratch.Alloc(base64.StdEncoding.DecodedLen(len(val.B)))
	n, err := base64.StdEncoding.Decode(out, val.B)
	return out[:n], err == nil
}

func newHMAC(_ *keyword.Env, a args) (evalFunc, error) {
	newHash := digestByName(a.str(0, ""))
	if newHash == nil {
		return nil, errText("algorithm must be a valid OpenSSL message digest name..")
	}
	key, err := parseSecret(a.str(1, ""))
	if err != nil {
		return nil, errText("failed to parse key : " + err.Error())
	}
	return func(t *tx.Tx, v *Value) bool {
		k, ok := key.get(t)
		if !ok {
			return false
		}
		h := hmac.New(newHash, k)
		_, _ = h.Write(v.B) // never fails
		v.SetBin(h.Sum(t.Scratch.Alloc(h.Size())[:0]))
		return true
	}, nil
}

// aesArgs reads what CBC and GCM have in common.
func aesArgs(a args) (bits int, nonce, key secret, err error) {
	bits = int(a.int(0, 0))
	if bits != 128 && bits != 192 && bits != 256 {
		return 0, nonce, key, errText("key size must be 128, 192 or 256 (bits)..")
	}
	if nonce, err = parseSecret(a.str(1, "")); err != nil {
		return 0, nonce, key, errText("failed to parse nonce : " + err.Error())
	}
	if key, err = parseSecret(a.str(2, "")); err != nil {
		return 0, nonce, key, errText("failed to parse key : " + err.Error())
	}
	return bits, nonce, key, nil
}

// aesCipher makes the cipher of a key of that many bits.
func aesCipher(t *tx.Tx, bits int, key *secret) cipher.Block {
	k, ok := key.get(t)
	if !ok || len(k) != bits/8 {
		return nil
	}
	b, err := aes.NewCipher(k)
	if err != nil {
		return nil
	}
	return b
}

func newCBC(encrypt bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		bits, nonce, key, err := aesArgs(a)
		if err != nil {
			return nil, err
		}
		if a.has(3) { // CBC authenticates nothing; it is checked all the same
			if _, err := parseSecret(a.str(3, "")); err != nil {
				return nil, errText("failed to parse aad : " + err.Error())
			}
		}
		return func(t *tx.Tx, v *Value) bool {
			block := aesCipher(t, bits, &key)
			iv, ok := nonce.get(t)
			if block == nil || !ok {
				return false
			}
			iv = fullBlock(t, iv)
			if encrypt {
				pad := aes.BlockSize - len(v.B)%aes.BlockSize // PKCS #7
				out := t.Scratch.Alloc(len(v.B) + pad)
				copy(out, v.B)
				for i := len(v.B); i < len(out); i++ {
					out[i] = byte(pad)
				}
				cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
				v.SetBin(out)
				return true
			}
			if len(v.B) == 0 || len(v.B)%aes.BlockSize != 0 {
				return false
			}
			out := t.Scratch.Copy(v.B)
			cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, out)
			pad := int(out[len(out)-1])
			if pad < 1 || pad > aes.BlockSize {
				return false
			}
			for _, c := range out[len(out)-pad:] {
				if int(c) != pad {
					return false
				}
			}
			v.SetBin(out[:len(out)-pad])
			return true
		}, nil
	}
}

// fullBlock makes a nonce one block long: the rest of a long one is left out,
// a short one is followed by zeroes.
func fullBlock(t *tx.Tx, nonce []byte) []byte {
	if len(nonce) >= aes.BlockSize {
		return nonce[:aes.BlockSize]
	}
	out := t.Scratch.Alloc(aes.BlockSize)
	clear(out[copy(out, nonce):])
	return out
}

func newGCM(encrypt bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		bits, nonce, key, err := aesArgs(a)
		if err != nil {
			return nil, err
		}
		var tagVar tx.VarName
		var tag, aad secret
		if encrypt {
			if tagVar, err = ParseVar(a.str(3, "")); err != nil {
				return nil, errText("failed to parse aead_tag : " + err.Error())
			}
		} else if tag, err = parseSecret(a.str(3, "")); err != nil {
			return nil, errText("failed to parse aead_tag : " + err.Error())
		}
		if a.has(4) {
			if aad, err = parseSecret(a.str(4, "")); err != nil {
				return nil, errText("failed to parse aad : " + err.Error())
			}
		}
		return func(t *tx.Tx, v *Value) bool {
			block := aesCipher(t, bits, &key)
			iv, ok := nonce.get(t)
			extra, ok2 := aad.get(t)
			if block == nil || !ok || !ok2 || len(iv) == 0 {
				return false
			}
			gcm, err := cipher.NewGCMWithNonceSize(block, len(iv))
			if err != nil {
				return false
			}
			if encrypt {
				out := gcm.Seal(t.Scratch.Alloc(len(v.B) + gcm.Overhead())[:0], iv, v.B, extra)
				n := len(out) - gcm.Overhead()
				enc := t.Scratch.Alloc(base64.StdEncoding.EncodedLen(gcm.Overhead()))
				base64.StdEncoding.Encode(enc, out[n:])
				SetVar(t, tagVar, Value{Type: tx.TypeStr, B: enc})
				v.SetBin(out[:n])
				return true
			}
			sum, ok := tag.get(t)
			if !ok {
				return false
			}
			in := append(append(t.Scratch.Alloc(len(v.B) + len(sum))[:0], v.B...), sum...)
			out, err := gcm.Open(t.Scratch.Alloc(len(v.B))[:0], iv, in, extra)
			v.SetBin(out)
			return err == nil
		}, nil
	}
}
