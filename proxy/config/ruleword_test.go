package config

import (
	"slices"
	"strings"
	"testing"
)

// ruleProxy is a proxy of each kind around the line of a case.
var ruleProxy = map[string]string{
	"frontend": "frontend p\n\tbind 127.0.0.1:1\n\tdefault_backend q\n\t{}\nbackend q\n\tserver s 127.0.0.1:1\n",
	"backend":  "backend p\n\tserver s 127.0.0.1:1\n\t{}\n",
	"listen":   "listen p\n\tbind 127.0.0.1:1\n\tserver s 127.0.0.1:1\n\t{}\n",
	"defaults": "defaults\n\t{}\n",
}

// ruleTimes keep proxies from being told of missing timeouts.
const ruleTimes = "defaults\n\tmode http\n\ttimeout connect 1s\n\ttimeout client 1s\n\ttimeout server 1s\n"

// TestRuleWords holds what is said of single lines with rules: the end of the
// one message, or "" where there is none. Each was asked of HAProxy 3.5.
func TestRuleWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, line, want string }{
		// The numbers of the sc-… actions.
		{"listen", "http-request sc-inc-gpc(0,)", ""},
		{"listen", "http-request sc-inc-gpc(-1,0)", ""},
		{"listen", "http-request sc-inc-gpc(0,-5)", ""},
		{"listen", "http-request sc-inc-gpc(0,0)x", ""},
		{"listen", "http-request sc-inc-gpc0", ""},
		{"listen", "http-request sc-set-gpt0(0) -1", ""},
		{"listen", "http-request sc-set-gpt0(0) 99999999999", ""},
		{"listen", "http-request sc-inc-gpc", "invalid gpc ID 'sc-inc-gpc'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."},
		{"listen", "http-request sc-inc-gpc(0,3)", "invalid stick table track ID 'sc-inc-gpc(0,3)'. The max allowed ID is 2 (tune.stick-counters)."},
		{"listen", "http-request sc-inc-gpc0(3)", "invalid stick table track ID. The max allowed ID is 2 (tune.stick-counters)."},
		{"listen", "http-request sc-inc-gpc0x", "invalid stick table track ID. Expects sc-inc-gpc0x(<Track ID>)."},
		{"listen", "http-request sc-set-gpt(0,3) 1", "invalid stick table track ID 'sc-set-gpt(0,3)'. The max allowed ID is 2."},
		{"listen", "http-request sc-set-gpt0(x) 1", "invalid stick table track ID 'sc-set-gpt0(x)'. Expects sc-set-gpt0(<Track ID>)."},
		{"listen", "http-request sc-add-gpc 1", "Missing or invalid arguments for 'sc-add-gpc'. Expects sc-add-gpc(<GPC ID>,<Track ID>)."},
		{"listen", "http-request sc-add-gpc(0) 1", "Missing gpc ID. Expects sc-add-gpc(0)(<GPC ID>,<Track ID>)."},
		{"listen", "http-request sc-add-gpc(0,x) 1", "invalid stick table track ID 'x)'. Expects sc-add-gpc(0,x)(<GPC ID>,<Track ID>)."},
		// Marks, times, lists.
		{"listen", "http-request set-fc-mark -1", ""},
		{"listen", "tcp-request connection set-fc-mark hdr(a)", ""},
		{"listen", "http-response set-fc-tos src", ""},
		{"listen", "http-request set-fc-mark 4294967296", ""},
		{"listen", "http-request set-fc-mark 09", "unknown fetch method '09'."},
		{"listen", "http-request set-fc-mark res.hdr(a)", "fetch method 'set-fc-mark' extracts information from 'HTTP response headers', none of which is available here."},
		{"listen", "http-request set-var(txn.a) res.hdr(a)", "fetch method 'set-var(txn.a)' extracts information from 'HTTP response headers', none of which is available here."},
		{"listen", "http-request set-var", "invalid or incomplete action 'set-var'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'."},
		{"listen", "http-request set-map() a b", ""},
		{"listen", "http-request set-map a b", ""},
		{"listen", "http-request del-map", "expects exactly 1 arguments."},
		{"listen", "http-request strict-mode ON", ""},
		{"listen", "http-response pause path,length", ""},
		{"listen", "tcp-request connection set-src req.hdr(a)", ""},
		{"listen", "tcp-request inspect-delay 5s if TRUE", ""},
		{"frontend", "http-request set-timeout server 1s", "'p' has no backend capability."},
		{"backend", "http-request set-timeout client 1s", "'p' has no frontend capability."},
		{"frontend", "http-request set-retries 3", "'set-retries' only available in backend or listen section."},
		// What there is, in the original's order.
		{"listen", "tcp-response content acept", "'tcp-response content' expects 'accept', 'close', 'reject', 'send-spoe-group', 'set-log-level', 'set-nice', 'sc-add-gpc(*)', 'sc-inc-gpc(*)', 'sc-inc-gpc0(*)', 'sc-inc-gpc1(*)', 'sc-set-gpt(*)', 'sc-set-gpt0(*)', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)', 'do-log', 'set-fc-mark', 'set-fc-tos', 'set-mark', 'set-tos', 'silent-drop', 'set-bandwidth-limit' in proxy 'p' (got 'acept'). Did you mean 'accept' maybe ?"},
		{"listen", "http-after-response foo", "'http-after-response' expects 'set-log-level', 'sc-add-gpc(*)', 'sc-inc-gpc(*)', 'sc-inc-gpc0(*)', 'sc-inc-gpc1(*)', 'sc-set-gpt(*)', 'sc-set-gpt0(*)', 'add-header', 'add-headers-bin', 'allow', 'capture', 'del-acl(*)', 'del-header', 'del-headers-bin', 'del-map(*)', 'do-log', 'replace-header', 'replace-value', 'set-header', 'set-headers-bin', 'set-map(*)', 'set-status', 'strict-mode', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)', but got 'foo'."},
		{"listen", "http-request normalize-uri fragment-strip", "'normalize-uri' action is experimental, must be allowed via a global 'expose-experimental-directives'"},
		// Where words may stand.
		{"backend", "force-be-switch if TRUE", "'force-be-switch' only available in frontend or listen section."},
		{"defaults", "filter compression", "filter is not allowed in a 'default' section."},
		{"defaults", "declare capture request len 5", "'declare' not available in default section"},
		{"defaults", "monitor fail if TRUE", "'monitor' not allowed in 'defaults' section."},
		{"defaults", "capture request header a len 5", "'capture request' not allowed in 'defaults' section."},
		{"defaults", "tcp-response content accept", "tcp-response content is only allowed in 'backend' sections or 'defaults' section with a name"},
		// Captures.
		{"frontend", "capture cookie a len 0", ""},
		{"frontend", "capture cookie a len 5 x y", "'capture cookie' cannot handle unexpected argument 'y'."},
		{"frontend", "declare capture request len 5 x", ""},
		{"frontend", "declare capture request len 5x", "'declare capture': cannot parse the length '5x'."},
		{"frontend", "declare capture request len 0", "length must be > 0"},
		{"frontend", "declare foo", "unknown declaration type 'foo' (supports 'capture')"},
		// Checks.
		{"backend", "option httpchk\n\thttp-check set-var(check.a,foo) int(1)", `'set-var' : unknown condition "foo".`},
		{"backend", "option httpchk\n\thttp-check set-var(check.a) path", "'set-var' : fetch method 'set-var(check.a)' extracts information from 'HTTP request headers', none of which is available here."},
		{"backend", "option httpchk\n\thttp-check connect proto none", "'proto' : invalid MUX protocol 'none' for http-check."},
		{"backend", "option httpchk\n\thttp-check send hdr host b hdr host c", "'host' header already defined (previous value is 'b')."},
		{"backend", "option httpchk\n\thttp-check connect\n\thttp-check connect", "unable to add http-check connect rule at step 2 (missing expect rule).."},
		{"backend", "option httpchk\n\thttp-check connect\n\thttp-check comment x\n\thttp-check expect status 200", "unable to add http-check expect rule at step 3 (missing send rule).."},
		{"backend", "option httpchk\n\thttp-check connect\n\thttp-check send\n\thttp-check expect status 200\n\thttp-check send", "unable to add http-check send rule at step 3 (missing connect rule).."},
		// Filters and what refers to them.
		{"backend", "filter bwlim-in n limit 1m key src foo", "'filter bwlim-in' : unknown keyword 'foo'."},
		{"backend", "filter bwlim-in n limit 1m default-limit 2m", "'filter' : 'bwlim-in' : cannot mix per-stream and shared parameter"},
		{"backend", "filter bwlim-in n default-limit x", "'filter' : 'bwlim-in' : invalid value for option 'default-limit' (unexpected character 'x')"},
		{"backend", "filter bwlim-in n default-limit 1m default-period 0", "'filter' : 'bwlim-in' : <default-period> option is missing"},
		{"backend", "filter bwlim-in n key", "'filter' : 'bwlim-in' : the sample expression is missing for 'key' option"},
		{"backend", "filter bwlim-in n limit 1m key src", "Proxy p : unable to find table 'p' referenced by bwlim filter 'n'"},
		{"backend", "stick-table type ip size 10\n\tfilter bwlim-out n limit 1m key src", "Proxy p : stick-table 'p' uses a data type incompatible with bwlim filter 'n'. It must be 'bytes_out_rate'"},
		{"backend", "filter bwlim-in n default-limit 1m default-period 1s\n\tfilter bwlim-out n default-limit 1m default-period 1s", "'filter' : bwlim filter 'n' already declared for proxy 'p'"},
		{"backend", "http-request set-bandwidth-limit n", "Proxy 'p': unable to find bwlim filter 'n' referenced by set-bandwidth-limit rule."},
		{"backend", "http-request set-bandwidth-limit n limit x", "'limit': invalid size value or unknown fetch method 'x'."},
		{"backend", "filter trace name a name b", "'filter' : 'trace' : 'name' option already defined"},
		{"backend", "filter-sequence request comp-req", "p: error while postparsing request filter-sequence 'comp-req' : invalid filter name: 'comp-req' is not defined on the proxy"},
		{"backend", "filter-sequence foo x", "expected either 'request' or 'response' for 'filter-sequence' in backend 'p'."},
		// Answers.
		{"backend", "http-request return status 204 content-type a string x", "No body expected for 204 responses."},
		{"backend", "http-request return lf-string x", "a content type must be defined with a log-format payload."},
		{"backend", "http-request deny status 403 content-type a", "content-type 'a' ignored by the http reply because neither errorfile nor payload defined."},
		{"backend", "http-request deny content-type a file /dev/null", "content-type 'a' ignored by the http reply when used with an empty payload."},
		{"backend", "http-request deny errorfiles x", "Proxy 'p': unknown http-errors section 'x' referenced by an http reply ."},
		{"backend", "http-error status 400 errorfiles x", "proxy 'p': unknown http-errors section 'x' (at t.cfg:8)."},
		// And others.
		{"listen", "http-request wait-for-body time 0", ""},
		{"listen", "http-request set-var-fmt(txn.a)", ""},
		{"listen", "tcp-request content track-sc0 src table", "Proxy 'p': unable to find table '' referenced by track-sc0."},
		{"listen", "tcp-request content use-service prometheus-exporter", "Prometheus exporter service only available on 'http-request' rulesets"},
	} {
		proxy := strings.Replace(ruleProxy[c.kind], "{}", c.line, 1)
		got := slices.DeleteFunc(warnings(t, ruleTimes+proxy), func(s string) bool { return strings.HasSuffix(s, " is not acted on yet.") })
		switch {
		case c.want == "" && len(got) > 0, c.want != "" && (len(got) == 0 || !strings.HasSuffix(got[0], c.want)):
			t.Errorf("%s: %s\n got %s\nwant %s", c.kind, c.line, strings.Join(got, "\n     "), c.want)
		}
	}
}
