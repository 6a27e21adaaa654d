package config

import "tandem/parser/keyword"

// otherSections are the sections that make no proxies.
var otherSections = []*keyword.Def[sectionReader]{
	section("userlist", keyword.Userlist, "Users and groups.", readUserlist),
	sectionAs(keyword.Spec{Name: "resolvers", In: keyword.Resolvers, Doc: "Name servers."}, readBlock(resolversWords, "missing name for resolvers section.", func(o *Others) *map[string]any { return &o.Resolvers }, checkResolvers)),
	sectionAs(keyword.Spec{Name: "peers", In: keyword.Peers, Doc: "Machines that share stick tables."}, readBlock(peersWords, "missing name for peers section.", func(o *Others) *map[string]any { return &o.Peers }, checkPeers)),
	sectionAs(keyword.Spec{Name: "mailers", In: keyword.Mailers, Doc: "Mail servers."}, readBlock(mailersWords, "missing name for mailers section.", func(o *Others) *map[string]any { return &o.Mailers }, checkMailers)),
	sectionAs(keyword.Spec{Name: "cache", In: keyword.Cache, Doc: "A cache."}, readBlock(cacheWords, "'cache' expects a <name> argument", func(o *Others) *map[string]any { return &o.Caches }, checkCache)),
	section("http-errors", keyword.HTTPErrors, "Error answers to refer to.", readBlock(errorsWords, "missing name for http-errors section.", func(o *Others) *map[string]any { return &o.ErrorSections }, nil)),
	sectionAs(keyword.Spec{Name: "ring", In: keyword.Ring, Doc: "A ring of messages."}, readBlock(ringWords, "missing ring name.", func(o *Others) *map[string]any { return &o.Rings }, checkRing)),
	sectionAs(keyword.Spec{Name: "log-forward", In: keyword.LogForward, Doc: "A relay of log messages."}, readBlock(logForwardWords, "missing name for log-forward section.", func(o *Others) *map[string]any { return &o.LogForwards }, checkLogForward)),
	sectionAs(keyword.Spec{Name: "log-profile", In: keyword.LogProfile, Doc: "What is logged when."}, readBlock(logProfileWords, "missing name for log-profile section.", func(o *Others) *map[string]any { return &o.LogProfiles }, nil)),
	sectionAs(keyword.Spec{Name: "fcgi-app", In: keyword.FCGIApp, Doc: "A FastCGI application."}, readBlock(fcgiWords, "'fcgi-app' expects <name> as argument.", func(o *Others) *map[string]any { return &o.FCGIApps }, nil)),
	section("crt-store", keyword.CrtStore, "Certificates by name.", readBlock(crtStoreWords, "", func(o *Others) *map[string]any { return &o.CrtStores }, nil)),
	sectionAs(keyword.Spec{Name: "traces", In: keyword.Traces, Flags: keyword.Tuning, Doc: "Traces from the start."}, readBlock(tracesWords, "", func(o *Others) *map[string]any { return &o.Traces }, nil)),
	sectionAs(keyword.Spec{Name: "healthcheck", In: keyword.Healthcheck, Doc: "A check to refer to."}, readBlock(healthcheckWords, "missing name for healthcheck section.", func(o *Others) *map[string]any { return &o.Healthchecks }, checkHealth)),
	sectionAs(keyword.Spec{Name: "acme", In: keyword.Acme, Flags: keyword.NotActed | keyword.Experimental, Doc: "An authority that issues certificates."}, readBlock(acmeWords, "section 'acme' requires an ID argument.", func(o *Others) *map[string]any { return &o.Acmes }, checkAcme)),
	sectionAs(keyword.Spec{Name: "program", In: keyword.Program, Flags: keyword.NotDumped | keyword.NotActed, Until: keyword.V(3, 3), Instead: "ExecStart=<command> @in a unit of the system", Doc: "A program that the master runs."}, readBlock(programWords, "", func(o *Others) *map[string]any { return &o.Programs }, noPrograms)),
	section("namespace_list", keyword.Namespaces, "Network namespaces.", readBlock(namespaceWords, "", func(o *Others) *map[string]any { return &o.Namespaces }, nil)),
}

// noPrograms says that programs are not run.
func noPrograms(c *compiler, b *Block) {
	d := c.diags.Warnf("not-acted-on", b.Span, "program '%s' will not be started by this program.", b.Name)
	d.Ours = true
}

// WordList is the words of a section, for dumps and the reference.
type WordList struct {
	Section string
	Words   []string
}

// OtherTables lists the words of the sections that make no proxies, in the
// order of the original's dump, then those that it leaves out.
func OtherTables() []WordList {
	out := []WordList{{"userlist", namesOf(userlistWords)}, {"peers", namesOf(peersWords)}, {"crt-list", crtListNames()},
		{"crt-store", namesOf(crtStoreWords)}, {"traces", namesOf(tracesWords)}, {"acme", namesOf(acmeWords)}}
	return append(out, []WordList{
		{"cache", namesOf(cacheWords)}, {"fcgi-app", namesOf(fcgiWords)}, {"healthcheck", namesOf(healthcheckWords)}, {"http-errors", namesOf(errorsWords)},
		{"log-forward", namesOf(logForwardWords)}, {"log-profile", namesOf(logProfileWords)}, {"mailers", namesOf(mailersWords)},
		{"namespace_list", namesOf(namespaceWords)}, {"resolvers", namesOf(resolversWords)}, {"ring", namesOf(ringWords)},
		{"spoe-agent", namesOf(spoeAgentWords)}, {"spoe-group", namesOf(spoeGroupWords)}, {"spoe-message", namesOf(spoeMessageWords)},
	}...)
}

func namesOf[T any](t *keyword.Table[T]) []string {
	var out []string
	for _, d := range t.All() {
		out = append(out, d.Name)
	}
	return out
}

// crtListNames are the words of crt-lists, as the original notes those with a
// value.
func crtListNames() []string {
	var out []string
	for _, d := range crtListWords.All() {
		if switchOnly[d.Name] {
			out = append(out, d.Name)
		} else {
			out = append(out, d.Name+" +1")
		}
	}
	return out
}

var switchOnly = map[string]bool{"allow-0rtt": true, "no-alpn": true, "no-ca-names": true}
