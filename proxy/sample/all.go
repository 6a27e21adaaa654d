package sample

// Fetches is the table of all sample fetches (configuration manual 7.3), and
// FetchSignatures has the signature of each by name.
var Fetches, FetchSignatures = table("fetch method",
	httpFetches, hdrFetches, cookieFetches, paramFetches, bodyFetches, l4Fetches,
	captureFetches, timerFetches, constFetches, varFetches, authFetches,
	helloFetches, tlsFetches, certFetches, proxyFetches, timeoutFetches,
	stateFetches,
	debugFetches, stickFetches,
)

// Convs is the table of all converters (configuration manual 7.3.1), and
// ConvSignatures has the signature of each by name.
var Convs, ConvSignatures = table("converter",
	hashConvs, binConvs, mapConvs, stringConvs, fieldConvs, joinConvs, webConvs, numConvs, varConvs, timeConvs,
	cryptoConvs, jsonConvs, proxyConvs, netConvs, forwardedConvs, messageConvs,
	jwtConvs, stickConvs, x509Convs,
)
