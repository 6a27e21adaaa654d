package config

import "tandem/parser/keyword"

// Tables returns every keyword table with its title, for references, dumps
// and table laws.
func Tables() map[string][]keyword.Spec {
	out := map[string][]keyword.Spec{}
	collect(out, rootTable)
	collect(out, globalTable)
	collect(out, instanceTable)
	collect(out, authTable)
	collect(out, hmacTable)
	collect(out, scriptTable)
	collect(out, trackFileTable)
	collect(out, trackProcessTable)
	collect(out, bfdTable)
	collect(out, syncGroupTable)
	collect(out, trackGroupTable)
	collect(out, garpGroupTable)
	collect(out, sslTable)
	collect(out, virtualServerTable)
	collect(out, realServerTable)
	for _, t := range []*keyword.Table[Field[Checker]]{tcpTable, httpTable, sslGetTable, smtpTable, hostTable, dnsTable, miscTable, bfdCheckTable, udpTable, fileCheckTable} {
		collect(out, t)
	}
	collect(out, urlTable)
	return out
}

func collect[T any](out map[string][]keyword.Spec, t *keyword.Table[Field[T]]) {
	for _, d := range t.All() {
		out[t.Title] = append(out[t.Title], d.Spec)
	}
}
