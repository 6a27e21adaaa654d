package server

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
)

func wordsOf(line string) []source.Word {
	var out []source.Word
	for _, f := range strings.Fields(line) {
		if f == `""` {
			f = ""
		}
		out = append(out, source.Word{Text: f})
	}
	return out
}

func newEnv() *keyword.Env {
	return &keyword.Env{Diags: &diag.List{}, Scope: keyword.Backend, Section: "backend", Owner: "b", LookUp: LookupHost}
}

func TestWordsAreDocumented(t *testing.T) {
	t.Parallel()
	for _, d := range Words.All() {
		if d.Doc == "" || !strings.HasSuffix(d.Doc, ".") {
			t.Errorf("%s: doc %q is no sentence", d.Name, d.Doc)
		}
		if err := d.Grammar(); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		if d.In != keyword.ServerLine {
			t.Errorf("%s: scope %v", d.Name, d.In)
		}
	}
}

// The refusals of haproxy 3.5, observed with -c.
func TestParseServerRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                                       "'server' expects <name> and <addr>[:<port>] as arguments.",
		"s/1 1.2.3.4":                            "character '/' is not permitted in server name 's/1'.",
		"s1 1.2.3.4:x":                           "invalid character 'x' in port number 'x' in '1.2.3.4:x'",
		"s1 fd@3":                                "a file descriptor is not acceptable here in 'fd@3'",
		"s1 :80 bogusparam":                      "unknown keyword 'bogusparam'.",
		"s1 :80 weigh 1":                         "unknown keyword 'weigh'; did you mean 'weight' maybe ?",
		"s1 :80 weight 300":                      "weight of server s1 is not within 0 and 256 (300)..",
		"s1 :80 weight -1":                       "weight of server s1 is not within 0 and 256 (-1)..",
		"s1 :80 cookie":                          "'cookie' expects <value> as argument..",
		"s1 :80 inter":                           "'inter' expects a delay as argument..",
		"s1 :80 inter x":                         "unexpected character 'x' in 'agent-inter' argument of server s1..",
		"s1 :80 inter 0":                         "invalid value 0 for argument 'inter' of server s1..",
		"s1 :80 inter 99999999999":               "timer overflow in argument <99999999999> to <inter> of server s1, maximum value is 2147483647 ms (~24.8 days)..",
		"s1 :80 rise 0":                          "'rise' has to be > 0..",
		"s1 :80 fall x":                          "'fall' has to be > 0..",
		"s1 :80 id":                              "'id' : expects an integer argument.",
		"s1 :80 id 0":                            "'id' : custom id has to be between 1 and 4294967295..",
		"s1 :80 port":                            "'port' expects a port number as argument..",
		"s1 :80 addr foo:xx":                     "'addr' : invalid character 'x' in port number 'xx' in 'foo:xx'.",
		"s1 :80 addr foo.invalid":                "'addr' : invalid address: 'foo.invalid' in 'foo.invalid'.",
		"s1 :80 agent-addr 1.2.3.4:80":           "parsing agent-addr failed. Check if '1.2.3.4:80' is correct address..",
		"s1 :80 slowstart 1.5":                   "unexpected character '.' in 'slowstart' argument of server s1..",
		"s1 :80 on-error foo":                    "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got 'foo'",
		"s1 :80 on-marked-down":                  "'on-marked-down' expects 'shutdown-sessions' but got ''",
		"s1 :80 observe foo":                     "'observe' expects one of 'none', 'layer4', 'layer7' but got 'foo'",
		"s1 :80 error-limit 0":                   "error-limit has to be > 0..",
		"s1 :80 source foo":                      "'source foo' : invalid address: 'foo' in 'foo'.",
		"s1 :80 source 1.2.3.4 usesrc foo":       "'usesrc foo' : invalid address: 'foo' in 'foo'",
		"s1 :80 source 1.2.3.4 interface":        "'server' : missing interface name.",
		"s1 :80 usesrc client":                   "'usesrc' only allowed after a 'source' statement..",
		"s1 :80 verify foo":                      "'verify' : unknown verify method 'foo', only 'none' and 'required' are supported.",
		"s1 :80 ssl-min-ver foo":                 "'foo' : unknown ssl/tls version.",
		"s1 :80 proto foo":                       "'proto' :  unknown MUX protocol 'foo'.",
		"s1 :80 ws foo":                          "'ws' has to be 'auto', 'h1' or 'h2'.",
		"s1 :80 pool-max-conn -2":                "'pool-max-conn' must be >= -1.",
		"s1 :80 pool-purge-delay x":              "unexpected character 'x' in argument to <pool-purge-delay>..",
		"s1 :80 init-addr foo":                   "'init-addr' : unknown init-addr method 'foo', supported methods are 'libc', 'last', 'none'..",
		"s1 :80 init-state foo":                  "'init-state' expects one of 'none', 'fully-up', 'up', 'down', or 'fully-down' but got 'foo'.",
		"s1 :80 resolve-prefer foo":              "'resolve-prefer' expects either ipv4 or ipv6 as argument..",
		"s1 :80 resolve-net x":                   "'resolve-net' invalid network 'x'..",
		"s1 :80 resolve-opts foo":                "'resolve-opts' : unknown resolve-opts option 'foo', supported methods are 'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'..",
		"s1 :80 send-proxy x":                    "unknown keyword 'x'.",
		"s1 :80 proxy-v2-options foo":            "'foo' : proxy v2 option not implemented.",
		"s1 :80 set-proxy-v2-tlv-fmt(0x200) foo": "'set-proxy-v2-tlv-fmt(0x200)' : the maximum allowed TLV ID is 255.",
		"s1 :80 set-proxy-v2-tlv-fmt(x) foo":     "'set-proxy-v2-tlv-fmt(x)' : could not convert TLV ID.",
		"s1 :80 socks4 1.2.3.4":                  "'socks4 1.2.3.4' : missing port specification in '1.2.3.4'.",
		"s1 :80 guid a:b/c":                      "'guid': invalid character '/'.",
		"s1 :80 hash-key foo":                    "'hash-key' has to be 'id', 'id32', 'guid', 'addr', or 'addr-port'.",
		"s1 :80 log-proto foo":                   "'log-proto' expects one of 'legacy' or 'octet-count' but got 'foo'.",
		"s1 :80 log-bufsize x":                   "log-bufsize has to be > 0..",
		"s1 :80 from":                            "from: missing value.",
		"s1 :80 from foo":                        "invalid 'foo' value for 'from' keyword.",
		"s1 :80 agent-check":                     "server s1 does not have agent port. Agent check has been disabled.",
		"s1 :80 check track b/s":                 "unable to enable checks and tracking at the same time!",
		"s1 :80 init-state up track b/s":         "unable to set init-state and tracking at the same time!",
	} {
		e := newEnv()
		_, err := ParseServer(e, wordsOf("server "+line), DefaultParams())
		var at *keyword.Error
		if !errors.As(err, &at) || at.Text != want {
			t.Errorf("%s:\n got %v\nwant %s", line, err, want)
		}
	}
}

func TestParseServerAccepts(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	for line, change := range map[string]func(*Params){
		"":                       func(*Params) {},
		"weight":                 func(p *Params) { p.Weight = 0 },
		"weight 1.5":             func(p *Params) {},
		"weight 5 weight 6":      func(p *Params) { p.Weight = 6 },
		"maxconn 10x":            func(p *Params) { p.MaxConn = 10 },
		"maxconn abc":            func(p *Params) {},
		"check inter 10us":       func(p *Params) { p.Check.Enabled, p.Check.Inter = true, ms },
		"inter 2s fall 5 rise 1": func(p *Params) { p.Fall, p.Rise = 5, 1 },
		"backup no-backup":       func(p *Params) {},
		"disabled enabled":       func(p *Params) {},
		"check no-check":         func(p *Params) {},
		"addr 1.2.3.4:81 check": func(p *Params) {
			p.Check = CheckParams{Enabled: true, Inter: 2 * time.Second, Addr: "1.2.3.4", AddrPort: 81}
			p.Agent.Addr = "1.2.3.4"
		},
		"send-proxy-v2-ssl-cn":     func(p *Params) { p.SendProxy = SendProxy{Version: 2, Options: []string{"ssl", "cert-cn"}} },
		"ssl verify none alpn a,b": func(p *Params) { p.TLS.Enabled, p.TLS.Verify, p.TLS.ALPN = true, "none", []string{"a", "b"} },
		"source 0.0.0.0:1000-2000 usesrc hdr_ip(X-Src,-1)": func(p *Params) {
			p.Source = Source{Addr: "0.0.0.0:1000-2000", IP: netip.IPv4Unspecified(), PortLow: 1000, PortHigh: 2000, UseSrc: "hdr_ip", Hdr: "x-src", HdrOcc: -1}
		},
		"set-proxy-v2-tlv-fmt(0x20) x": func(p *Params) { p.SendProxy.TLVs = []TLV{{Type: 32, Text: "x"}} },
		"init-addr last,1.2.3.4":       func(p *Params) { p.InitAddr = []string{"last", "1.2.3.4"} },
		"observe none":                 func(p *Params) {},
		"from none weight 3":           func(p *Params) { p.Weight = 3 },
		"id 4000000000":                func(p *Params) { p.ForcedID = 4000000000 },
	} {
		e := newEnv()
		l, err := ParseServer(e, wordsOf("server s1 1.2.3.4:80 "+line), DefaultParams())
		if err != nil || e.Diags.Count(diag.Warning) != 0 {
			t.Errorf("%s: %v, %v", line, err, e.Diags.All)
			continue
		}
		want := DefaultParams()
		change(want)
		if d := cmp.Diff(want, l.Params, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}), cmpopts.IgnoreUnexported(Params{}), cmpopts.IgnoreFields(Params{}, "Set")); d != "" {
			t.Errorf("%s:\n%s", line, d)
		}
	}
}

func TestParseServerKeepsDefaults(t *testing.T) {
	t.Parallel()
	e := newEnv()
	def := DefaultParams()
	if err := ParseDefault(e, wordsOf("default-server check inter 5s maxconn 20 proxy-v2-options crc32c"), def); err != nil {
		t.Fatal(err)
	}
	a, err := ParseServer(e, wordsOf("server a 1.2.3.4:80 no-check send-proxy-v2-ssl"), def)
	if err != nil || a.Params.Check.Enabled || a.Params.MaxConn != 20 || len(a.Params.SendProxy.Options) != 2 {
		t.Errorf("a: %v %+v", err, a.Params)
	}
	if !def.Check.Enabled || len(def.SendProxy.Options) != 1 {
		t.Errorf("the defaults changed: %+v", def)
	}
	if d := cmp.Diff(Given{"no-check", "send-proxy-v2-ssl"}, a.Params.Set); d != "" {
		t.Error(d)
	}
}

func TestParseDefaultRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"bogus":      "unknown keyword 'bogus'. Hint: no address was expected for this server.",
		"1.2.3.4:80": "unknown keyword '1.2.3.4:80'. Hint: no address was expected for this server.",
		"weight 300": "weight of server (null) is not within 0 and 256 (300)..",
	} {
		err := ParseDefault(newEnv(), wordsOf("default-server "+line), DefaultParams())
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
	e := newEnv()
	if err := ParseDefault(e, wordsOf("default-server id 3"), DefaultParams()); err != nil || e.Diags.Count(diag.Warning) != 1 {
		t.Errorf("id: %v, %v", err, e.Diags.All)
	}
}

func TestParseTemplate(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"s 3":                       "'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments.",
		"s 3-1 1.2.3.4:80":          "Wrong server-template number or range arg '3-1'.",
		"s 0 1.2.3.4:80":            "Wrong server-template number or range arg '0'.",
		"s 2-4 1.2.3.4:80 weight 3": "",
	} {
		l, err := ParseTemplate(newEnv(), wordsOf("server-template "+line), DefaultParams())
		if want == "" && err == nil && l.Low == 2 && l.High == 4 && l.Params.Weight == 3 {
			continue
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

func TestSmallDelayWarns(t *testing.T) {
	t.Parallel()
	e := newEnv()
	if _, err := ParseServer(e, wordsOf("server s1 :80 inter 50"), DefaultParams()); err != nil {
		t.Fatal(err)
	}
	want := "'inter 50' in server 's1' is suspiciously small for a value in milliseconds. Please use an explicit unit ('50ms') if that was the intent."
	if len(e.Diags.All) != 1 || e.Diags.All[0].Text != want || e.Diags.All[0].Subject != "server b/s1" {
		t.Errorf("%+v", e.Diags.All)
	}
}

func BenchmarkParseServer(b *testing.B) {
	words := wordsOf("server s1 10.0.0.1:80 check inter 2s weight 10 maxconn 100")
	def, e := DefaultParams(), newEnv()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseServer(e, words, def); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzParseServer(f *testing.F) {
	f.Add("s1 1.2.3.4:80 check inter 2s source :1-2 usesrc hdr_ip(a,b)")
	f.Add("s 1 from be: set-proxy-v2-tlv-fmt( x")
	f.Fuzz(func(t *testing.T, line string) {
		e := newEnv()
		e.Offline = true
		if strings.Contains(line, "agent-addr") {
			return // looks names up
		}
		l, err := ParseServer(e, wordsOf("server "+line), DefaultParams())
		if err == nil && l.Params == nil && !e.Diags.HasErrors() {
			t.Fatal("no parameters and no error")
		}
	})
}
