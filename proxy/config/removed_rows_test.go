package config

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/listen"
	"tandem/proxy/sample"
)

// removedRow is one row of what releases dropped: lines as people wrote them,
// what to write today, and the script that shows the effect.
type removedRow struct {
	words string // names in the tables, or what it is, separated by commas
	until string // the first release that refuses it; "": none does yet
	old   string // lines of "listen l", or sections
	now   string // the modern ones; "": nothing is to be written
	run   string // script of testdata/haproxy/run, Go test, or "-" and why there is none
}

// removedRows are all rows. A word of the tables that a release dropped and
// that stands in none fails the test.
var removedRows = []removedRow{
	{"address on a section line", "1.6", "listen l 127.0.0.1:1\n server s 127.0.0.1:1", "listen l\n bind 127.0.0.1:1\n server s 127.0.0.1:1", "legacy_2004"},
	{"same name for a frontend and a backend", "3.3", "frontend x\n bind 127.0.0.1:1\n default_backend x\nbackend x\n server s 127.0.0.1:1", "frontend x\n bind 127.0.0.1:1\n default_backend y\nbackend y\n server s 127.0.0.1:1", "legacy_2004"},
	{"same server name", "2.0", " server s 127.0.0.1:2", " server s2 127.0.0.1:2", "legacy_2004"},
	{"contimeout,clitimeout,srvtimeout", "2.1", " contimeout 1s\n clitimeout 1s\n srvtimeout 1s", " timeout connect 1s\n timeout client 1s\n timeout server 1s", "legacy_2004"},
	{"timeout contimeout,timeout clitimeout,timeout srvtimeout", "2.1", " timeout contimeout 1s\n timeout clitimeout 1s\n timeout srvtimeout 1s", " timeout connect 1s\n timeout client 1s\n timeout server 1s", "legacy_2004"},
	{"redispatch,redisp", "2.1", " redispatch\n redisp", " option redispatch", "legacy_2004"},
	{"reqadd", "2.1", " reqadd X:\\ y", " http-request add-header X y", "legacy_reqrep"},
	{"reqrep,reqirep,cliexp", "2.1", " reqrep ^X:(.*) X:\\1\n reqirep ^([^\\ ]*)\\ /a/(.*) \\1\\ /b/\\2\n cliexp ^X:(.*) X:\\1", " http-request replace-header X (.*) \\1\n http-request replace-uri /a/(.*) /b/\\1", "legacy_reqrep,legacy_words"},
	{"reqdel,reqidel", "2.1", " reqdel ^X:\n reqidel ^X:", " http-request del-header X", "legacy_reqrep"},
	{"reqdeny,reqideny", "2.1", " reqdeny ^X:\n reqideny ^X:", " http-request deny if { req.hdr(x) -m found }", "legacy_reqdeny"},
	{"reqallow,reqiallow", "2.1", " reqallow ^X:\n reqiallow ^X:", " http-request allow if { req.hdr(x) -m found }", "legacy_reqdeny"},
	{"reqpass,reqipass", "2.1", " reqpass ^X:\n reqipass ^X:", " http-request allow if { req.hdr(x) -m found }", "legacy_reqdeny"},
	{"reqtarpit,reqitarpit", "2.1", " reqtarpit ^X:\n reqitarpit ^X:", " http-request tarpit if { req.hdr(x) -m found }", "legacy_reqdeny"},
	{"reqsetbe,reqisetbe", "1.6", "frontend f\n bind 127.0.0.1:1\n reqsetbe ^X: b\n reqisetbe ^X: b\nbackend b\n server s 127.0.0.1:1", "frontend f\n bind 127.0.0.1:1\n use_backend b if { req.hdr(x) -m found }\nbackend b\n server s 127.0.0.1:1", "legacy_reqsetbe"},
	{"rspadd", "2.1", " rspadd X:\\ y", " http-response add-header X y", "legacy_reqrep"},
	{"rsprep,rspirep,srvexp", "2.1", " rsprep ^X:(.*) X:\\1\n rspirep ^X:(.*) X:\\1\n srvexp ^X:(.*) X:\\1", " http-response replace-header X (.*) \\1\n http-response set-status 203", "legacy_reqrep,legacy_words"},
	{"rspdel,rspidel", "2.1", " rspdel ^X:\n rspidel ^X:", " http-response del-header X", "legacy_reqrep"},
	{"rspdeny,rspideny", "2.1", " rspdeny ^X:\n rspideny ^X:", " http-response deny if { res.hdr(x) -m found }", "legacy_reqdeny"},
	{"block", "2.1", " block if { path /x }", " http-request deny if { path /x }", "legacy_reqdeny"},
	{"appsession", "1.6", " appsession A len 20 timeout 3h request-learn prefix mode path-parameters", " stick-table type string len 20 size 100k expire 3h\n stick match req.cook(A)\n stick store-response res.cook(A)", "legacy_appsession"},
	{"timeout appsession", "1.6", " timeout appsession 1h", " stick-table type string len 20 size 100k expire 1h", "- appsession has a timeout of its own"},
	{"monitor-net", "2.3", " monitor-net 127.0.0.0/8", " http-request return status 200 if { src 127.0.0.0/8 }", "legacy_health"},
	{"mode health", "2.3", "listen l\n mode health\n bind 127.0.0.1:1", "listen l\n bind 127.0.0.1:1\n http-request return status 200", "legacy_health"},
	{"grace", "2.5", " grace 1s", "global\n grace 1s", "- files of the time wait, this program stops at once"},
	{"dispatch", "3.5", "listen l\n bind 127.0.0.1:1\n dispatch 127.0.0.1:1", "listen l\n bind 127.0.0.1:1\n server dispatch 127.0.0.1:1", "legacy_2004"},
	{"transparent", "3.5", "listen l\n bind 127.0.0.1:1\n transparent", "listen l\n bind 127.0.0.1:1\n server transparent 0.0.0.0", "TestTransparent"},
	{"option transparent", "3.5", "listen l\n bind 127.0.0.1:1\n option transparent", "listen l\n bind 127.0.0.1:1\n server transparent 0.0.0.0", "TestTransparent"},
	{"option http_proxy", "2.5", "listen l\n bind 127.0.0.1:1\n option http_proxy", "listen l\n bind 127.0.0.1:1\n http-request set-dst url_ip\n http-request set-dst-port url_port\n server s 0.0.0.0", "legacy_http_proxy"},
	{"option forceclose", "2.5", " option forceclose", " option httpclose", "legacy_2004"},
	{"option http-tunnel", "2.5", " option http-tunnel", "", "- 2.1 ignored it already"},
	{"option http-use-htx", "2.5", " no option http-use-htx", "", "- the form of messages in memory"},
	{"option independant-streams", "2.1", " option independant-streams", " option independent-streams", "- a spelling"},
	{"option tcpsplice", "1.4", " option tcpsplice", " option splice-auto", "- a matter of speed"},
	{"keepalive,option keepalive", "1.4", " keepalive\n option keepalive", " option tcpka", "legacy_words"},
	{"option lb-agent-chk", "1.5", " option lb-agent-chk", " server s2 127.0.0.1:1 agent-check agent-port 1", "- was in no release"},
	{"option accept-invalid-http-request", "", " option accept-invalid-http-request", " option accept-unsafe-violations-in-http-request", "legacy_words"},
	{"option accept-invalid-http-response", "", " option accept-invalid-http-response", " option accept-unsafe-violations-in-http-response", "legacy_words"},
	{"httpchk with headers", "2.7", " option httpchk GET / HTTP/1.1\\r\\nHost:\\ x", " option httpchk\n http-check send meth GET uri / ver HTTP/1.1 hdr Host x", "legacy_httpchk"},
	{"hash-type avalanche", "1.5", " balance source\n hash-type avalanche", " balance source\n hash-type map-based sdbm avalanche", "- only in development versions"},
	{"bind-process", "2.7", " bind-process odd", "", "- there is one process"},
	{"process", "2.7", " bind 127.0.0.1:2 process 1", " bind 127.0.0.1:2 thread 1", "- there is one process"},
	{"nbproc", "2.5", "global\n nbproc 2", "global\n nbthread 2", "- there is one process"},
	{"stats bind-process", "2.7", "global\n stats bind-process 1", "", "- there is one process"},
	{"cpu-map of processes", "", "global\n cpu-map odd 0", "global\n cpu-map 1 0", "- still read"},
	{"master-worker", "3.5", "global\n master-worker", "", "legacy_words"},
	{"program", "3.3", "program p\n command /bin/true\n user root\n group root\n option start-on-reload\n no option start-on-reload", "", "- not started, which a warning says"},
	{"debug", "2.3", "global\n debug", "", "legacy_2004"},
	{"nosepoll", "1.5", "global\n nosepoll", "", "- a matter of speed"},
	{"tune.chksize", "2.5", "global\n tune.chksize 16384", "global\n tune.bufsize 16384", "- checks' answers are read to the end"},
	{"tune.ssl.capture-cipherlist-size", "", "global\n tune.ssl.capture-cipherlist-size 100", "global\n tune.ssl.capture-buffer-size 100", "- still read"},
	{"tune.ssl.ocsp-update.mindelay", "", "global\n tune.ssl.ocsp-update.mindelay 300\n tune.ssl.ocsp-update.maxdelay 400", "global\n ocsp-update.mindelay 300\n ocsp-update.maxdelay 400", "- still read"},
	{"no-quic", "3.3", "global\n no-quic", "global\n tune.quic.listen off", "- there is no QUIC"},
	{"crt", "3.3", "frontend f\n bind 127.0.0.1:1 ssl\n crt /nonexistent", "", "- TLS listeners need their own certificate"},
	{"log-format aliases", "2.5", " log-format %Ci%Cp%Fi%Fp%Bi%Bp%Si%Sp%cc%cs%st", " log-format %ci%cp%fi%fp%bi%bp%si%sp%CC%CS%ST", "legacy_2004"},
	{"opentracing", "3.5", " filter opentracing id x config y", "", "- there is no tracing"},
	{"set-cookie", "2.5", " http-response set-header x %[set-cookie(a)]", " http-response set-header x %[res.cook(a)]", "legacy_words"},
	{"ssl_c_der_chain", "2.4", " http-request set-header x %[ssl_c_der_chain,base64]", " http-request set-header x %[ssl_c_chain_der,base64]", "- a spelling"},
	{"mails without Lua", "3.3", "mailers m\n mailer a 127.0.0.1:25\nlisten l\n bind 127.0.0.1:1\n server s 127.0.0.1:1\n email-alert mailers m\n email-alert from a@b\n email-alert to c@d", "", "legacy_mailers"},
	{"node-name", "1.4", "global\n node-name n", "global\n node n", "legacy_words"},
	{"wurfl-engine-mode,wurfl-useragent-priority", "2.0", "global\n wurfl-engine-mode a\n wurfl-useragent-priority b", "", "- there is no WURFL"},
	{"HTTP/0.9 requests", "1.6", "listen l 127.0.0.1:1\n server s 127.0.0.1:1", "", "legacy_http09"},
	{"no final LF", "2.3", "listen l\n bind 127.0.0.1:1\n server s 127.0.0.1:1$", "listen l\n bind 127.0.0.1:1\n server s 127.0.0.1:1", "- the line is read like others"},
}

// rowPrelude stands before the lines of a row.
const rowPrelude = "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n"

// rowText is the file that the lines of a row make.
func rowText(lines string) string {
	if strings.HasPrefix(lines, " ") {
		lines = "listen l\n bind 127.0.0.1:1\n server s 127.0.0.1:1\n" + lines
	}
	text := rowPrelude + lines + "\n"
	if strings.HasPrefix(lines, "global\n nbthread") { // must come first
		text = lines + "\n" + rowPrelude
	}
	if cut, ok := strings.CutSuffix(lines, "$"); ok {
		return rowPrelude + cut // ends without LF
	}
	if strings.HasPrefix(lines, "global") || strings.HasPrefix(lines, "program") {
		text += "listen l\n bind 127.0.0.1:1\n server s 127.0.0.1:1\n"
	}
	return text
}

// TestRemovedRows reads every row's old lines, which must be accepted with
// warnings that name the release, and its modern ones, which must be accepted
// without any, by HAProxy 3.5 too where it is installed; the advice in the
// warning must have the modern line's form.
func TestRemovedRows(t *testing.T) {
	t.Parallel()
	theirs, lookErr := exec.LookPath("haproxy-3.5")
	covered := map[string]*removedRow{}
	for i := range removedRows {
		r := &removedRows[i]
		for _, w := range strings.Split(r.words, ",") {
			covered[w] = r
		}
		t.Run(r.words, func(t *testing.T) {
			t.Parallel()
			r.checkRun(t)
			diags := &diag.List{}
			Compile([]*source.File{source.New("t.cfg", []byte(rowText(r.old)))}, Options{CheckOnly: true}, NewDeps(), diags)
			if diags.HasErrors() && r.words != "crt" {
				t.Errorf("refused: %v", diags.All)
			}
			told := slices.ContainsFunc(diags.All, func(d diag.Diagnostic) bool {
				return d.Code == diag.RemovedWord && strings.Contains(d.Text, "HAProxy "+r.until)
			})
			r.checkStrict(t, diags)
			if told != (r.until != "") {
				t.Errorf("a warning that names HAProxy %s: %v, in %v", r.until, told, diags.All)
			}
			if r.now == "" {
				return
			}
			if ok, said := checkText(t, rowText(r.now)); !ok || strings.Contains(strings.Join(said, "\n"), "dropped") {
				t.Errorf("the modern lines: %v, %q", ok, said)
			}
			quic := strings.Contains(r.now, "quic") // the original may be built without
			if lookErr == nil && !quic {
				if ok, said := original(t, theirs, rowText(r.now)); !ok {
					t.Errorf("the original on the modern lines: %q", said)
				}
			}
		})
	}
	for _, s := range removedSpecs() {
		r := covered[s.Name]
		switch {
		case strings.HasPrefix(s.Name, "tune.quic."): // one family; see goneTunes
		case r == nil:
			t.Errorf("'%s', dropped in %s, stands in no row", s.Name, s.Until)
		case r.until != s.Until.String():
			t.Errorf("'%s' is dropped in %s, its row says %s", s.Name, s.Until, r.until)
		case r.now != "" && s.Instead != "" && !adviceIn(s.Instead, r.now):
			t.Errorf("the advice for '%s' is '%s', its row writes %q", s.Name, s.Instead, r.now)
		}
	}
}

// checkStrict reads the old lines as the newest release does: what a warning
// with the mark was about is refused, at the same line, in the original's first
// words where it is installed.
func (r *removedRow) checkStrict(t *testing.T, lenient *diag.List) {
	t.Helper()
	marked := slices.IndexFunc(lenient.All, func(d diag.Diagnostic) bool { return d.Tolerated })
	l := &diag.List{Strict: true}
	Compile([]*source.File{source.New("t.cfg", []byte(rowText(r.old)))}, Options{CheckOnly: true}, NewDeps(), l)
	first := alerts(l)[0]
	if theirs, err := exec.LookPath("haproxy-3.5"); err == nil {
		ok, said := original(t, theirs, rowText(r.old))
		i := slices.IndexFunc(said, func(s string) bool { return strings.HasPrefix(s, "[ALERT]") })
		words := func(s string) string { s, _, _ = strings.Cut(s, "; did you mean"); return strings.TrimSuffix(s, ".") }
		if ok == l.HasErrors() || i >= 0 && words(said[i]) != words("[ALERT] "+first) {
			t.Errorf("read strictly: %q, the original: %v, %q", first, ok, said)
		}
	}
	switch {
	case l.HasErrors() && marked < 0:
		t.Errorf("no mark on what is refused with %q", first)
	case marked >= 0 && !l.HasErrors():
		t.Errorf("read strictly, nothing is refused of %q", lenient.All[marked].Text)
	case marked >= 0 && !strings.Contains(first, "[t.cfg:"+strconv.Itoa(lenient.All[marked].Span.Line())+"]"):
		t.Errorf("read strictly: %q, the mark is at line %d", first, lenient.All[marked].Span.Line())
	}
}

// checkRun looks for the script or test that a row names.
func (r *removedRow) checkRun(t *testing.T) {
	if strings.HasPrefix(r.run, "- ") {
		return
	}
	for _, name := range strings.Split(r.run, ",") {
		path, want := "../../testdata/haproxy/run/"+name+".txtar", "-- cfg --"
		if strings.HasPrefix(name, "Test") {
			path, want = "../../cmd/haproxy/transparent_linux_test.go", "func "+name+"("
		}
		if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("no run test %s: %v", name, err)
		}
	}
}

// removedSpecs are the words of all tables that a release dropped.
func removedSpecs() []keyword.Spec {
	var out []keyword.Spec
	add := func(s keyword.Spec) {
		if s.Until != 0 {
			out = append(out, s)
		}
	}
	for _, d := range Sections.All() {
		add(d.Spec)
	}
	for _, d := range GlobalWords.All() {
		add(d.Spec)
	}
	for _, d := range ProxyWords.All() {
		add(d.Spec)
	}
	for _, d := range Filters.All() {
		add(d.Spec)
	}
	for _, d := range listen.Words.All() {
		add(d.Spec)
	}
	for _, d := range sample.Fetches.All() {
		add(d.Spec)
	}
	return out
}

var placeholder = regexp.MustCompile(`\\?<[^>]*>`)

// adviceIn says whether lines begin with each form of an advice; words in
// angle brackets stand for any.
func adviceIn(advice, lines string) bool {
	advice, _, _ = strings.Cut(advice, " @")
	advice = strings.ReplaceAll(advice, "' or '", "' and '")
	for _, a := range strings.Split(advice, "' and '") {
		re := placeholder.ReplaceAllString(regexp.QuoteMeta(a), `.+`)
		if !regexp.MustCompile(re).MatchString(lines) {
			return false
		}
	}
	return true
}
