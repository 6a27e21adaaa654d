package certs

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"
)

// oidSHA1 is the only hash that names certificates here.
var oidSHA1 = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}

// CertID names a certificate towards an OCSP responder (RFC 6960, 4.1.1).
type CertID struct {
	Hash   pkix.AlgorithmIdentifier
	Name   []byte // hash of the issuer's name
	Key    []byte // hash of the issuer's key
	Serial *big.Int
}

// DER returns the form in which it is sent, which is also its key in "show
// ssl ocsp-response".
func (id *CertID) DER() []byte {
	b, _ := asn1.Marshal(*id)
	return b
}

// certIDOf names a certificate of an issuer.
func certIDOf(c, issuer *x509.Certificate) (*CertID, error) {
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &spki); err != nil {
		return nil, err
	}
	name, key := sha1.Sum(issuer.RawSubject), sha1.Sum(spki.Key.RightAlign())
	return &CertID{Hash: pkix.AlgorithmIdentifier{Algorithm: oidSHA1, Parameters: asn1.NullRawValue}, Name: name[:], Key: key[:], Serial: c.SerialNumber}, nil
}

// Staple is one OCSP response (RFC 6960, 4.2).
type Staple struct {
	Raw       []byte
	ID        CertID
	Status    string // "good", "revoked", "unknown"
	RevokedAt time.Time
	Reason    int // of the revocation; -1: not said
	// ProducedAt, ThisUpdate and NextUpdate are its dates; NextUpdate is zero
	// where it is not said.
	ProducedAt, ThisUpdate, NextUpdate time.Time

	ResponderName []byte // DER; nil where the responder is named by its key
	ResponderKey  []byte
	Signature     []byte
	Algorithm     asn1.ObjectIdentifier
	Certs         []*x509.Certificate
}

type ocspResponse struct {
	Status   asn1.Enumerated
	Response struct {
		Type asn1.ObjectIdentifier
		Data []byte
	} `asn1:"explicit,tag:0,optional"`
}

type ocspBasic struct {
	TBS       ocspData
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
	Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type ocspData struct {
	Raw        asn1.RawContent
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	ProducedAt time.Time `asn1:"generalized"`
	Responses  []ocspSingle
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspSingle struct {
	ID         CertID
	Good       asn1.Flag        `asn1:"tag:0,optional"`
	Revoked    ocspRevoked      `asn1:"tag:1,optional"`
	Unknown    asn1.Flag        `asn1:"tag:2,optional"`
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
}

type ocspRevoked struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
}

// parseStaple reads an OCSP response in DER about one certificate. Errors are
// in the original's words.
func parseStaple(der []byte) (*Staple, error) {
	var r ocspResponse
	if _, err := asn1.Unmarshal(der, &r); err != nil {
		return nil, errors.New("Unable to parse OCSP response.")
	}
	if r.Status != 0 {
		return nil, errors.New("OCSP response status not successful.")
	}
	var b ocspBasic
	if _, err := asn1.Unmarshal(r.Response.Data, &b); err != nil {
		return nil, errors.New("Unable to parse OCSP response.")
	}
	if len(b.TBS.Responses) == 0 {
		return nil, errors.New("OCSP response ignored because no response found.")
	}
	if len(b.TBS.Responses) > 1 {
		return nil, errors.New("OCSP response ignored because contains multiple single responses (%d).")
	}
	one := b.TBS.Responses[0]
	s := &Staple{Raw: der, ID: one.ID, Status: "unknown", Reason: -1, ProducedAt: b.TBS.ProducedAt, ThisUpdate: one.ThisUpdate, NextUpdate: one.NextUpdate,
		Signature: b.Signature.RightAlign(), Algorithm: b.Algorithm.Algorithm}
	switch {
	case bool(one.Good):
		s.Status = "good"
	case !one.Revoked.At.IsZero():
		s.Status, s.RevokedAt, s.Reason = "revoked", one.Revoked.At, int(one.Revoked.Reason)
	}
	switch b.TBS.Responder.Tag {
	case 1:
		s.ResponderName = b.TBS.Responder.Bytes
	case 2:
		asn1.Unmarshal(b.TBS.Responder.Bytes, &s.ResponderKey)
	}
	for _, raw := range b.Certs {
		if c, err := x509.ParseCertificate(raw.FullBytes); err == nil {
			s.Certs = append(s.Certs, c)
		}
	}
	return s, nil
}

// fits says whether the response is about that certificate, and still good
// at a moment.
func (s *Staple) fits(id []byte) bool { return bytes.Equal(s.ID.DER(), id) }

// Stale says whether a newer response is due: an old one is not sent.
func (s *Staple) Stale(now time.Time) bool {
	return !s.NextUpdate.IsZero() && !now.Before(s.NextUpdate)
}
