package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Numbers of verification errors, as OpenSSL counts them (x509_vfy.h); the
// fetches ssl_c_err and ssl_c_ca_err and the "…-ignore-err" words speak of
// them.
const (
	errNoCRL          = 3
	errNotYetValid    = 9
	errExpired        = 10
	errCRLExpired     = 12
	errSelfSigned     = 18
	errSelfSignedRoot = 19
	errNoIssuer       = 20
	errRevoked        = 23
	errPathLength     = 25
	errPurpose        = 26
	errConstraint     = 47
	errInvalidCA      = 79
	errUnspecified    = 1
)

// maxErrorID is the highest number that "…-ignore-err" takes.
const maxErrorID = 94

// Verdict is what the verification of a peer's certificate found.
type Verdict struct {
	Err     int // first error of the peer's own certificate; 0: none
	CAErr   int // first error above it
	CADepth int // how far above
	// Root ends the chain that was found; nil where none was.
	Root  *x509.Certificate
	cause error
}

// Verifier verifies the certificates that clients show (configuration manual
// 5.1: verify, ca-file, ca-verify-file, crl-file, crt-ignore-err,
// ca-ignore-err).
type Verifier struct {
	Required  bool
	CAs       *Anchors   // ca-file, ca-verify-file
	CRL       *Authority // nil: revocation is not looked at
	IgnoreCrt ErrorSet
	IgnoreCA  ErrorSet
	Now       func() time.Time // nil: time.Now
}

// errRefused ends a handshake whose client certificate was not accepted.
var errRefused = errors.New("tls: client certificate refused")

// Check is a tls.Config's VerifyConnection.
func (v *Verifier) Check(st tls.ConnectionState) error {
	d := v.Verdict(&st)
	switch {
	case len(st.PeerCertificates) == 0 && v.Required:
		return errRefused
	case d.Err != 0 && !v.IgnoreCrt.Has(d.Err), d.CAErr != 0 && !v.IgnoreCA.Has(d.CAErr):
		return fmt.Errorf("%w: %w", errRefused, d.cause)
	}
	return nil
}

// Verdict verifies what the peer showed; no certificate at all is no error.
func (v *Verifier) Verdict(st *tls.ConnectionState) Verdict {
	if len(st.PeerCertificates) == 0 {
		return Verdict{}
	}
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	known := v.CAs.pools()
	opts := x509.VerifyOptions{Roots: known.roots, Intermediates: known.with(st.PeerCertificates[1:]), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	chains, err := st.PeerCertificates[0].Verify(opts)
	if err != nil {
		return verdictOf(st.PeerCertificates, err, now)
	}
	var d Verdict
	if v.CRL != nil {
		d = anyGood(v.CRL.Trust(), chains, now)
	}
	d.Root = chains[0][len(chains[0])-1]
	return d
}

// anyGood looks for a chain in which nothing is revoked.
func anyGood(t *Trust, chains [][]*x509.Certificate, now time.Time) (d Verdict) {
	for _, chain := range chains {
		if d = t.revoked(chain, now); d.cause == nil {
			return d
		}
	}
	return d
}

// verdictOf gives an error of crypto/x509 its number and depth.
func verdictOf(shown []*x509.Certificate, err error, now time.Time) Verdict {
	at, number := shown[0], errUnspecified
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid):
		at, number = invalid.Cert, invalidNumber(invalid.Reason, invalid.Cert, now)
	case errors.As(err, &unknown):
		last := shown[len(shown)-1]
		switch {
		case selfSigned(shown[0]):
			number = errSelfSigned
		case selfSigned(last):
			at, number = last, errSelfSignedRoot
		default:
			number = errNoIssuer
			if len(shown) > 1 {
				at = last
			}
		}
	}
	depth := slices.IndexFunc(shown, func(c *x509.Certificate) bool { return at != nil && bytes.Equal(c.Raw, at.Raw) })
	switch {
	case depth == 0:
		return Verdict{Err: number, cause: err}
	case depth < 0: // a certificate that was not sent: a root of ours
		depth = len(shown)
	}
	return Verdict{CAErr: number, CADepth: depth, cause: err}
}

func invalidNumber(r x509.InvalidReason, c *x509.Certificate, now time.Time) int {
	switch r {
	case x509.Expired:
		if c != nil && now.Before(c.NotBefore) {
			return errNotYetValid
		}
		return errExpired
	case x509.NotAuthorizedToSign:
		return errInvalidCA
	case x509.TooManyIntermediates:
		return errPathLength
	case x509.IncompatibleUsage:
		return errPurpose
	case x509.CANotAuthorizedForThisName:
		return errConstraint
	}
	return errUnspecified
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// revoked looks a chain's certificates up in the revocation lists of their
// issuers; an issuer without a list is an error too, as in OpenSSL.
func (t *Trust) revoked(chain []*x509.Certificate, now time.Time) Verdict {
	for depth, c := range chain {
		issuer := chain[min(depth+1, len(chain)-1)]
		number := errNoCRL
		for _, l := range t.listsOf(issuer) {
			switch {
			case l.signedBy(issuer) != nil:
				continue
			case !l.NextUpdate.IsZero() && now.After(l.NextUpdate):
				number = errCRLExpired
			default:
				number = 0
			}
			if l.has(c.SerialNumber) {
				number = errRevoked
			}
			break
		}
		cause := fmt.Errorf("revocation check: error %d at depth %d", number, depth)
		switch {
		case number == 0:
		case depth == 0:
			return Verdict{Err: number, cause: cause}
		default:
			return Verdict{CAErr: number, CADepth: depth, cause: cause}
		}
	}
	return Verdict{}
}

func (t *Trust) listsOf(issuer *x509.Certificate) (out []*CRL) {
	if t == nil {
		return nil
	}
	for _, l := range t.CRLs {
		if bytes.Equal(l.RawIssuer, issuer.RawSubject) {
			out = append(out, l)
		}
	}
	return out
}

// ErrorSet is a set of verification errors.
type ErrorSet struct {
	all bool
	ids []int
}

// Has says whether error id is in the set.
func (s ErrorSet) Has(id int) bool { return s.all || slices.Contains(s.ids, id) }

// ParseErrorSet reads "all", or numbers and OpenSSL's names with commas
// between them. Errors are in the original's words.
func ParseErrorSet(list string) (ErrorSet, error) {
	if list == "all" {
		return ErrorSet{all: true}, nil
	}
	var s ErrorSet
	for w := range strings.SplitSeq(list, ",") {
		if w == "" {
			continue
		}
		n, err := strconv.Atoi(w)
		if err != nil || n < 0 {
			var ok bool
			if n, ok = errorNames[strings.TrimPrefix(w, "X509_V_ERR_")]; !ok || !strings.HasPrefix(w, "X509_V_ERR_") {
				return s, fmt.Errorf("error constant '%s' unknown in error IDs list '%s'", w, list)
			}
		}
		if n < 1 || n > maxErrorID {
			return s, fmt.Errorf("ID '%s' out of range (1..%d) in error IDs list '%s'", w, maxErrorID, list)
		}
		s.ids = append(s.ids, n)
	}
	return s, nil
}

// errorNames are OpenSSL's names of verification errors without their prefix
// (openssl's X509_STORE_CTX_get_error(3)).
var errorNames = map[string]int{
	"UNSPECIFIED": 1, "UNABLE_TO_GET_ISSUER_CERT": 2, "UNABLE_TO_GET_CRL": errNoCRL, "UNABLE_TO_DECRYPT_CERT_SIGNATURE": 4,
	"UNABLE_TO_DECRYPT_CRL_SIGNATURE": 5, "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY": 6, "CERT_SIGNATURE_FAILURE": 7, "CRL_SIGNATURE_FAILURE": 8,
	"CERT_NOT_YET_VALID": errNotYetValid, "CERT_HAS_EXPIRED": errExpired, "CRL_NOT_YET_VALID": 11, "CRL_HAS_EXPIRED": errCRLExpired,
	"ERROR_IN_CERT_NOT_BEFORE_FIELD": 13, "ERROR_IN_CERT_NOT_AFTER_FIELD": 14, "ERROR_IN_CRL_LAST_UPDATE_FIELD": 15, "ERROR_IN_CRL_NEXT_UPDATE_FIELD": 16,
	"OUT_OF_MEM": 17, "DEPTH_ZERO_SELF_SIGNED_CERT": errSelfSigned, "SELF_SIGNED_CERT_IN_CHAIN": errSelfSignedRoot,
	"UNABLE_TO_GET_ISSUER_CERT_LOCALLY": errNoIssuer, "UNABLE_TO_VERIFY_LEAF_SIGNATURE": 21, "CERT_CHAIN_TOO_LONG": 22, "CERT_REVOKED": errRevoked,
	"NO_ISSUER_PUBLIC_KEY": 24, "PATH_LENGTH_EXCEEDED": errPathLength, "INVALID_PURPOSE": errPurpose, "CERT_UNTRUSTED": 27, "CERT_REJECTED": 28,
	"SUBJECT_ISSUER_MISMATCH": 29, "AKID_SKID_MISMATCH": 30, "AKID_ISSUER_SERIAL_MISMATCH": 31, "KEYUSAGE_NO_CERTSIGN": 32, "UNABLE_TO_GET_CRL_ISSUER": 33,
	"UNHANDLED_CRITICAL_EXTENSION": 34, "KEYUSAGE_NO_CRL_SIGN": 35, "UNHANDLED_CRITICAL_CRL_EXTENSION": 36, "INVALID_NON_CA": 37,
	"PROXY_PATH_LENGTH_EXCEEDED": 38, "KEYUSAGE_NO_DIGITAL_SIGNATURE": 39, "PROXY_CERTIFICATES_NOT_ALLOWED": 40, "INVALID_EXTENSION": 41,
	"INVALID_POLICY_EXTENSION": 42, "NO_EXPLICIT_POLICY": 43, "DIFFERENT_CRL_SCOPE": 44, "UNSUPPORTED_EXTENSION_FEATURE": 45, "UNNESTED_RESOURCE": 46,
	"PERMITTED_VIOLATION": errConstraint, "EXCLUDED_VIOLATION": 48, "SUBTREE_MINMAX": 49, "APPLICATION_VERIFICATION": 50, "UNSUPPORTED_CONSTRAINT_TYPE": 51,
	"UNSUPPORTED_CONSTRAINT_SYNTAX": 52, "UNSUPPORTED_NAME_SYNTAX": 53, "CRL_PATH_VALIDATION_ERROR": 54, "PATH_LOOP": 55, "SUITE_B_INVALID_VERSION": 56,
	"HOSTNAME_MISMATCH": 62, "EMAIL_MISMATCH": 63, "IP_ADDRESS_MISMATCH": 64, "DANE_NO_MATCH": 65, "EE_KEY_TOO_SMALL": 66, "CA_KEY_TOO_SMALL": 67,
	"CA_MD_TOO_WEAK": 68, "INVALID_CALL": 69, "STORE_LOOKUP": 70, "NO_VALID_SCTS": 71, "OCSP_VERIFY_NEEDED": 73, "OCSP_VERIFY_FAILED": 74, "OCSP_CERT_UNKNOWN": 75,
	"INVALID_CA": errInvalidCA,
}
