package sample

import "tandem/proxy/tx"

// x509Convs explain numbers of certificate verification.
var x509Convs = []word[Conv]{
	conv("x509_v_err_str", "", tx.TypeInt, tx.TypeStr, "Name of an error of certificate verification.", plain(applyVerifyError)),
}

// verifyErrors are the names of X509_V_ERR numbers (x509_vfy.h of OpenSSL 3,
// documented in X509_STORE_CTX_get_error(3)).
var verifyErrors = map[int64]string{
	0: "X509_V_OK", 2: "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT", 3: "X509_V_ERR_UNABLE_TO_GET_CRL",
	7: "X509_V_ERR_CERT_SIGNATURE_FAILURE", 9: "X509_V_ERR_CERT_NOT_YET_VALID", 10: "X509_V_ERR_CERT_HAS_EXPIRED",
	12: "X509_V_ERR_CRL_HAS_EXPIRED", 18: "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT", 19: "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN",
	20: "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", 21: "X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE",
	22: "X509_V_ERR_CERT_CHAIN_TOO_LONG", 23: "X509_V_ERR_CERT_REVOKED", 26: "X509_V_ERR_INVALID_PURPOSE",
	27: "X509_V_ERR_CERT_UNTRUSTED", 28: "X509_V_ERR_CERT_REJECTED", 62: "X509_V_ERR_HOSTNAME_MISMATCH",
}

func applyVerifyError(t *tx.Tx, v *Value) bool {
	s, ok := verifyErrors[v.Int]
	if !ok {
		return castStr(t, v)
	}
	v.SetStr(stringBytes(t, s))
	return true
}
