package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"
)

// CRL is one certificate revocation list (RFC 5280, 5). crypto/x509 takes
// those of version 2 only; many authorities still sign version 1, and SHA-1.
type CRL struct {
	Raw       []byte
	RawIssuer []byte
	Version   int // as people count: 1 or 2
	Algorithm asn1.ObjectIdentifier
	// ThisUpdate is when the list was made; NextUpdate when a newer one is
	// due, zero where that is not said.
	ThisUpdate, NextUpdate time.Time
	Revoked                []pkix.RevokedCertificate

	tbs, signature []byte
}

// certificateList is a CRL's outer form, with what is signed kept as it came.
type certificateList struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// tbsCertList is what a CRL says.
type tbsCertList struct {
	Version    int `asn1:"optional,default:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	ThisUpdate time.Time
	NextUpdate time.Time                 `asn1:"optional"`
	Revoked    []pkix.RevokedCertificate `asn1:"optional"`
	Extensions []pkix.Extension          `asn1:"tag:0,optional,explicit"`
}

// ParseCRL reads one list in DER.
func ParseCRL(der []byte) (*CRL, error) {
	var l certificateList
	var t tbsCertList
	if rest, err := asn1.Unmarshal(der, &l); err != nil {
		return nil, err
	} else if len(rest) > 0 {
		return nil, errors.New("trailing data behind the revocation list")
	}
	if _, err := asn1.Unmarshal(l.TBS.FullBytes, &t); err != nil {
		return nil, err
	}
	return &CRL{Raw: der, RawIssuer: t.Issuer.FullBytes, Version: t.Version + 1, Algorithm: l.Algorithm.Algorithm, ThisUpdate: t.ThisUpdate,
		NextUpdate: t.NextUpdate, Revoked: t.Revoked, tbs: l.TBS.FullBytes, signature: l.Signature.RightAlign()}, nil
}

// has says whether the list names a certificate.
func (l *CRL) has(serial *big.Int) bool {
	for i := range l.Revoked {
		if l.Revoked[i].SerialNumber.Cmp(serial) == 0 {
			return true
		}
	}
	return false
}

// hashes of signatures that crypto/x509 refuses for certificates. A list
// only ever takes trust away, so that an old one is better than none.
var sha1Signatures = []asn1.ObjectIdentifier{{1, 2, 840, 113549, 1, 1, 5}, {1, 2, 840, 10045, 4, 1}}

// errNotSigned is returned where a list is not its issuer's.
var errNotSigned = errors.New("revocation list: signature of another authority")

// signedBy says whether an authority signed the list.
func (l *CRL) signedBy(ca *x509.Certificate) error {
	if !bytes.Equal(ca.RawSubject, l.RawIssuer) {
		return errNotSigned
	}
	for _, id := range sha1Signatures {
		if !l.Algorithm.Equal(id) {
			continue
		}
		sum := sha1.Sum(l.tbs)
		switch k := ca.PublicKey.(type) {
		case *rsa.PublicKey:
			return rsa.VerifyPKCS1v15(k, crypto.SHA1, sum[:], l.signature)
		case *ecdsa.PublicKey:
			if ecdsa.VerifyASN1(k, sum[:], l.signature) {
				return nil
			}
		}
		return errNotSigned
	}
	for algorithm, id := range signatureIDs {
		if l.Algorithm.Equal(id) {
			return ca.CheckSignature(algorithm, l.tbs, l.signature)
		}
	}
	return errNotSigned
}

// signatureIDs are the object identifiers of signatures (RFC 4055, 5758, 8410).
var signatureIDs = map[x509.SignatureAlgorithm]asn1.ObjectIdentifier{
	x509.SHA256WithRSA: {1, 2, 840, 113549, 1, 1, 11}, x509.SHA384WithRSA: {1, 2, 840, 113549, 1, 1, 12}, x509.SHA512WithRSA: {1, 2, 840, 113549, 1, 1, 13},
	x509.ECDSAWithSHA256: {1, 2, 840, 10045, 4, 3, 2}, x509.ECDSAWithSHA384: {1, 2, 840, 10045, 4, 3, 3}, x509.ECDSAWithSHA512: {1, 2, 840, 10045, 4, 3, 4},
	x509.PureEd25519: {1, 3, 101, 112},
}

// signatureNames are OpenSSL's long names of signatures.
var signatureNames = map[string]string{
	"1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption", "1.2.840.113549.1.1.10": "rsassaPss",
	"1.2.840.113549.1.1.11": "sha256WithRSAEncryption", "1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
	"1.2.840.10045.4.1": "ecdsa-with-SHA1", "1.2.840.10045.4.3.2": "ecdsa-with-SHA256", "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
	"1.2.840.10045.4.3.4": "ecdsa-with-SHA512", "1.3.101.112": "ED25519",
}

// SignatureName returns OpenSSL's name of a signature, its number where it
// has none here.
func SignatureName(algorithm asn1.ObjectIdentifier) string {
	id := algorithm.String()
	if s, ok := signatureNames[id]; ok {
		return s
	}
	return id
}

// SignatureName returns OpenSSL's name of the list's signature.
func (l *CRL) SignatureName() string { return SignatureName(l.Algorithm) }
