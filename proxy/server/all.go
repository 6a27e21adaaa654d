package server

import "tandem/parser/keyword"

// Words is the table of the words of "server", "default-server" and
// "server-template" lines (configuration manual 5.2).
var Words = keyword.NewTable("server", []def{
	addr, agentAddr, agentCheck, agentInter, agentPort, agentSend, allow0RTT, alpn,
	backup, caFile, cc, check, checkALPN, checkPoolConnName, checkProto, checkReusePool,
	checkSendProxy, checkSNI, checkSNIAuto, checkSSL, checkViaSocks4, ciphers, cipherSuites,
	clientSigAlgs, cookie, crlFile, crt, curves, disabled, downInter, enabled, errorLimit, fall, fastInter,
	forceSSLv3, forceTLSv10, forceTLSv11, forceTLSv12, forceTLSv13, guid, hashKey, healthcheck,
	id, idlePing, initAddr, initState, inter, ktls, logBufSize, logProto, maxReuse, maxConn, maxQueue, minConn,
	namespace, noAgentCheck, noBackup, noCheck, noCheckReusePool, noCheckSendProxy, noCheckSNIAuto,
	noCheckSSL, noRenegotiate, noSendProxy, noSendProxyV2, noSendProxyV2SSL, noSendProxyV2SSLCN,
	noSNIAuto, noSSL, noSSLReuse, noSSLv3, noTFO, noTLSTickets, noTLSv10, noTLSv11, noTLSv12, noTLSv13,
	nonStick, npn, observe, onError, onMarkedDown, onMarkedUp, poolConnName, poolLowConn, poolMaxConn,
	poolPurgeDelay, port, proto, proxyV2Options, quicCC, redir, renegotiate, resolveNet, resolveOpts,
	resolvePrefer, resolvers, rise, sendProxy, sendProxyV2, sendProxyV2SSL, sendProxyV2SSLCN, setTLV, shard,
	sigAlgs, slowStart, sni, sniAuto, socks4, sourceWord, ssl, sslMaxVer, sslMinVer, sslReuse, stick,
	strictMaxConn, tcpMD5, tcpUT, tfo, tlsTickets, track, useSrc, verify, verifyHost, weight, ws,
})

// notInDefault are the words that the original refuses on "default-server".
var notInDefault = map[string]bool{"id": true, "no-sslv3": true, "no-tlsv10": true, "no-tlsv11": true, "no-tlsv12": true, "no-tlsv13": true}
