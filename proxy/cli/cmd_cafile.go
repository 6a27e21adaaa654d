package cli

import (
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/certs"
)

// trustCommands show the files that certificates are verified with and
// replace them while they are used.
var trustCommands = []*keyword.Def[Command]{
	command("abort ssl ca-file", " <cafile>", Admin, "drop a change of a CA file.", caFiles.abort),
	command("abort ssl crl-file", " <crlfile>", Admin, "drop a change of a revocation list.", crlFiles.abort),
	command("add ssl ca-file", " <cafile> <payload>", Admin, "add a certificate to a CA file.", func(c *Call) { caFiles.set(c, true) }),
	command("commit ssl ca-file", " <cafile>", Admin, "put a CA file in force.", caFiles.commit),
	command("commit ssl crl-file", " <crlfile>", Admin, "put a revocation list in force.", crlFiles.commit),
	command("del ssl ca-file", " <cafile>", Admin, "delete an unused CA file.", caFiles.del),
	command("del ssl crl-file", " <crlfile>", Admin, "delete an unused revocation list.", crlFiles.del),
	command("new ssl ca-file", " <cafile>", Admin, "create an empty CA file.", caFiles.create),
	command("new ssl crl-file", " <crlfile> ", Admin, "create an empty revocation list.", crlFiles.create),
	command("set ssl ca-file", " <cafile> <payload>", Admin, "replace a CA file.", func(c *Call) { caFiles.set(c, false) }),
	command("set ssl crl-file", " <crlfile> <payload>", Admin, "replace a revocation list.", func(c *Call) { crlFiles.set(c, false) }),
	command("show ssl ca-file", " [<cafile>[:<index>]]", User, "show the CA files, or one.", showCAFile),
	command("show ssl crl-file", " [<crlfile[:<index>>]]", User, "show the revocation lists, or one.", showCRLFile),
}

// trustFiles are the commands' words for CA files or for CRL files.
type trustFiles struct {
	kind, word string // "CA", "ca-file"
	of         func(*certs.Store) *certs.Authorities
}

var (
	caFiles  = trustFiles{"CA", "ca-file", func(s *certs.Store) *certs.Authorities { return s.CAs }}
	crlFiles = trustFiles{"CRL", "crl-file", func(s *certs.Store) *certs.Authorities { return s.CRLs }}
)

func (f trustFiles) set(c *Call, add bool) {
	name := c.arg(0)
	if name == "" || c.Payload == "" {
		c.fail("'set ssl %s' expects a filename and %ss as a payload", f.word, f.kind)
		return
	}
	created, err := f.of(c.store()).Set(name, []byte(c.Payload), add)
	switch {
	case err != nil:
		c.fail("%s\nCan't update %s!", err, name)
	case created:
		c.printf("transaction created for %s %s!\n", f.kind, name)
	default:
		c.printf("transaction updated for %s %s!\n", f.kind, name)
	}
}

func (f trustFiles) commit(c *Call) {
	name := c.arg(0)
	if name == "" {
		c.fail("'commit ssl ca-file' expects a filename") // for both, as the original
		return
	}
	n, err := f.of(c.store()).Commit(name)
	if err != nil {
		c.fail("%s\nCan't commit %s!", err, name)
		return
	}
	c.printf("Committing %s%s\nSuccess!\n", name, strings.Repeat(".", n))
}

func (f trustFiles) abort(c *Call) {
	name := c.arg(0)
	if name == "" {
		c.fail("'abort ssl %s' expects a filename", f.word)
	} else if err := f.of(c.store()).Abort(name); err != nil {
		c.fail("%s", err)
	} else {
		c.say(Notice, "Transaction aborted for certificate '%s'!", name)
	}
}

func (f trustFiles) create(c *Call) {
	name := c.arg(0)
	if name == "" {
		c.fail("'new ssl %s' expects a filename", f.word)
	} else if err := f.of(c.store()).New(name); err != nil {
		c.fail("%s", err)
	} else {
		c.say(Notice, "New %s file created '%s'!", f.kind, name)
	}
}

func (f trustFiles) del(c *Call) {
	name := c.arg(0)
	if name == "" {
		c.fail("'del ssl %s' expects a %s file name", f.word, f.kind)
	} else if err := f.of(c.store()).Delete(name); err != nil {
		c.fail("Can't remove the %s file: %s", f.kind, err)
	} else {
		c.say(Notice, "%s file '%s' deleted!", f.kind, name)
	}
}

// find returns the file that "<name>[:<index>]" is about, and the index; 0:
// all. A name that begins with "\\*" begins with an asterisk. Where there is
// none it has answered.
func (f trustFiles) find(c *Call) (l certs.Listed, index int, ok bool) {
	name := c.arg(0)
	if base, text, some := cutLastColon(name); some {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			c.fail("wrong %s index after colons in '%s'!", f.kind, name)
			return l, 0, false
		}
		name, index = base, n
	}
	if l, ok = f.of(c.store()).Find(strings.TrimPrefix(name, "\\")); !ok {
		c.fail("Can't display the %s file : Not found!", f.kind)
	}
	return l, index, ok
}

func cutLastColon(s string) (before, after string, ok bool) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// listTrust prints all files; line makes what follows a name.
func (f trustFiles) list(c *Call, line func(*certs.Trust) string) {
	list, pending := f.of(c.store()).List()
	if pending != nil {
		c.printf("# transaction\n*%s%s\n", pending.Path, line(pending.Trust))
	}
	c.printf("# filename\n")
	for _, l := range list {
		c.printf("%s%s\n", l.Path, line(l.Trust))
	}
}

// trustStatus is how the state of a file is printed.
func trustStatus(l certs.Listed) string {
	switch {
	case l.Path[0] == '*':
		return "Uncommitted"
	case l.Trust == nil:
		return "Empty"
	case l.Used:
		return "Used"
	}
	return "Unused"
}

func showCAFile(c *Call) {
	if c.arg(0) == "" {
		caFiles.list(c, func(t *certs.Trust) string {
			n := 0
			if t != nil {
				n = len(t.Certs)
			}
			return " - " + strconv.Itoa(n) + " certificate(s)"
		})
		return
	}
	l, index, ok := caFiles.find(c)
	if !ok || l.Trust == nil || index > len(l.Trust.Certs) {
		return
	}
	c.printf("Filename: %s\nStatus: %s\n", l.Path, trustStatus(l))
	for i, x := range l.Trust.Certs {
		if index == 0 || i == index-1 {
			c.printf(" \nCertificate #%d:\n", i+1)
			c.printCert(x)
		}
	}
}

func showCRLFile(c *Call) {
	if c.arg(0) == "" {
		crlFiles.list(c, func(*certs.Trust) string { return "" })
		return
	}
	l, index, ok := crlFiles.find(c)
	if !ok {
		return
	}
	c.printf("Filename: %s\nStatus: %s\n", l.Path, trustStatus(l))
	if l.Trust == nil {
		return
	}
	for i, x := range l.Trust.CRLs {
		if index == 0 || i == index-1 {
			c.printf(" \nCertificate Revocation List #%d:\n", i+1)
			c.printCRL(x)
		}
	}
}

// printCRL prints one revocation list.
func (c *Call) printCRL(l *certs.CRL) {
	c.printf("Version %d\nSignature Algorithm: %s\nIssuer: %s\n", l.Version, l.SignatureName(), slashName(l.RawIssuer))
	next := "NONE"
	if !l.NextUpdate.IsZero() {
		next = sslDate(l.NextUpdate)
	}
	c.printf("Last Update: %s\nNext Update: %s\n", sslDate(l.ThisUpdate), next)
	if len(l.Revoked) == 0 {
		c.printf("No Revoked Certificates.\n")
		return
	}
	c.printf("Revoked Certificates:\n")
	for _, r := range l.Revoked {
		c.printf("    Serial Number: %s\n        Revocation Date: %s\n", serialText(r.SerialNumber), sslDate(r.RevocationTime))
	}
}
