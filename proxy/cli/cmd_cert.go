package cli

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/certs"
)

// certCommands show certificates and replace them while they are used.
var certCommands = []*keyword.Def[Command]{
	command("abort ssl cert", " <certfile>", Admin, "drop a change of a certificate.", abortCert),
	command("add ssl crt-list", " <list> <cert> [opts]*", Admin, "add a line to a crt-list.", addCrtList),
	command("commit ssl cert", " <certfile>", Admin, "put a certificate in force.", commitCert),
	command("del ssl cert", " <certfile>", Admin, "delete an unused certificate.", delCert),
	command("del ssl crt-list", " <list> <cert[:line]>", Admin, "delete a line of a crt-list.", delCrtList),
	command("dump ssl cert", " <certfile>", User, "dump a certificate as PEM.", dumpCert),
	command("new ssl cert", " <certfile>", Admin, "create an empty certificate.", newCert),
	command("set ssl cert", " <certfile> <payload>", Admin, "replace a certificate.", setCert),
	command("show ssl cert", " [<certfile>]", User, "show the certificates, or one.", showCert),
	command("show ssl crt-list", " [-n] [<list>]", Admin, "show the crt-lists, or one.", showCrtList),
	command("show ssl sni", " [-f <frontend>] [-A]", User, "show which name gets which certificate.", showSNI),
}

// store returns the certificates; an empty store where there is none.
func (c *Call) store() *certs.Store {
	if c.Certs == nil {
		return certs.NewStore(&certs.Files{})
	}
	return c.Certs
}

func setCert(c *Call) {
	if c.arg(0) == "" || !c.HasLoad {
		c.fail("'set ssl cert' expects a filename and a certificate as a payload")
		return
	}
	name, created, err := c.store().Set(c.arg(0), []byte(c.Payload))
	switch {
	case err != nil:
		c.fail("%s\nCan't update %s!", err, c.arg(0))
	case created:
		c.printf("Transaction created for certificate %s!\n", name)
	default:
		c.printf("Transaction updated for certificate %s!\n", name)
	}
}

func commitCert(c *Call) {
	if c.arg(0) == "" {
		c.fail("'commit ssl cert' expects a filename")
		return
	}
	n, err := c.store().Commit(c.arg(0))
	if err != nil {
		c.fail("%s\nCan't commit %s!", err, c.arg(0))
		return
	}
	c.printf("Committing %s%s\nSuccess!\n", c.arg(0), strings.Repeat(".", n))
}

func abortCert(c *Call) {
	if c.arg(0) == "" {
		c.fail("'abort ssl cert' expects a filename")
		return
	}
	if err := c.store().Abort(c.arg(0)); err != nil {
		c.fail("%s", err)
		return
	}
	c.say(Notice, "Transaction aborted for certificate '%s'!", c.arg(0))
}

func newCert(c *Call) {
	if c.arg(0) == "" {
		c.fail("'new ssl cert' expects a filename")
		return
	}
	if err := c.store().New(c.arg(0)); err != nil {
		c.fail("%s", err)
		return
	}
	c.say(Notice, "New empty certificate store '%s'!", c.arg(0))
}

func delCert(c *Call) {
	if c.arg(0) == "" {
		c.fail("'del ssl cert' expects a certificate name")
		return
	}
	if err := c.store().Delete(c.arg(0)); err != nil {
		c.fail("Can't remove the certificate: %s", err)
		return
	}
	c.say(Notice, "Certificate '%s' deleted!", c.arg(0))
}

// findCert returns what a name stands for: a certificate in force, or with "*" in
// front the change of it that waits.
func (c *Call) findCert(name string) (e *certs.Entry, cert *certs.Cert, ok bool) {
	s := c.store()
	if path, waits := strings.CutPrefix(name, "*"); waits {
		cert = s.Pending(path)
		return s.Entry(path), cert, cert != nil
	}
	if e = s.Entry(name); e == nil {
		return nil, nil, false
	}
	return e, e.Cert(), true
}

func showCert(c *Call) {
	if c.arg(0) != "" {
		name, response := c.arg(0), false
		e, cert, ok := c.findCert(name)
		if !ok {
			if name, response = strings.CutSuffix(name, ".ocsp"); response {
				e, cert, ok = c.findCert(name)
			}
		}
		switch {
		case !ok:
			c.fail("Can't display the certificate: Not found or the certificate is a bundle!")
		case !response:
			c.showOneCert(name, e, cert)
		case cert != nil && cert.Response() != nil:
			c.printOCSP(cert.Response())
		}
		return
	}
	list, pending := c.store().Entries()
	if pending != "" {
		c.printf("# transaction\n*%s\n", pending)
	}
	c.printf("# filename\n")
	for _, e := range list {
		c.printf("%s\n", e.Path)
	}
}

func (c *Call) showOneCert(name string, e *certs.Entry, cert *certs.Cert) {
	c.printf("Filename: %s\n", name)
	if e.FromFile() {
		c.printf("Crt filename: %s\n", e.Path)
		if !e.Listed() {
			c.printf("Key filename: %[1]s\nOCSP filename: %[1]s.ocsp\n", e.Path)
			if cert != nil && (cert.IssuerFile || cert.OCSP() != nil) {
				c.printf("OCSP Issuer filename: %s.issuer\n", e.Path)
			}
			c.printf("SCTL filename: %s.sctl\n", e.Path)
		}
	}
	c.printf("Option: ocsp-update off\nOption: jwt off\n")
	status := "Unused"
	switch {
	case name != e.Path:
		status = "Uncommitted"
	case cert == nil:
		status = "Empty"
	case c.store().Uses(e) > 0:
		status = "Used"
	}
	c.printf("Status: %s\n", status)
	if cert != nil {
		c.printCert(cert.Leaf)
		for _, raw := range cert.TLS.Certificate[1:] {
			if x, err := x509.ParseCertificate(raw); err == nil {
				c.printf("Chain Subject: %s\nChain Issuer: %s\n", slashName(x.RawSubject), slashName(x.RawIssuer))
			}
		}
	}
	key := ""
	if cert != nil && cert.OCSP() != nil {
		key = cert.OCSP().Key()
	}
	c.printf("OCSP Response Key: %s\n", key)
}

func dumpCert(c *Call) {
	if !c.allowed(Admin) {
		return
	}
	_, cert, ok := c.findCert(c.arg(0))
	if !ok || cert == nil {
		c.fail("Can't display the certificate: Not found or the certificate is a bundle!")
		return
	}
	if key, err := x509.MarshalPKCS8PrivateKey(cert.TLS.PrivateKey); err == nil {
		c.write(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	}
	for _, raw := range cert.TLS.Certificate {
		c.write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	}
}

func addCrtList(c *Call) {
	if c.arg(0) == "" || c.arg(1) == "" && !c.HasLoad {
		c.fail("'add ssl crtlist' expects a filename and a certificate name")
		return
	}
	line := c.arg(1)
	if c.HasLoad {
		line, _, _ = strings.Cut(strings.TrimSpace(c.Payload), "\n")
	}
	file, n, err := c.store().ListAdd(c.arg(0), line)
	if err != nil {
		c.fail("Can't edit the crt-list: %s", err)
		return
	}
	c.printf("Inserting certificate '%s' in crt-list '%s'%s\nSuccess!\n", file, c.arg(0), strings.Repeat(".", n))
}

func delCrtList(c *Call) {
	if c.arg(0) == "" || c.arg(1) == "" {
		c.fail("'del ssl crtlist' expects a filename and a certificate name")
		return
	}
	file, err := c.store().ListDelete(c.arg(0), c.arg(1))
	if err != nil {
		c.fail("Can't delete the entry: %s", err)
		return
	}
	c.say(Notice, "Entry '%s' deleted in crtlist '%s'!", file, c.arg(0))
}

func showCrtList(c *Call) {
	numbers, path := false, c.arg(0)
	if path == "-n" {
		if numbers, path = true, c.arg(1); path == "" {
			c.fail("'show ssl crt-list -n' expects a filename or a directory")
			return
		}
	}
	for _, l := range c.store().Lists() {
		switch {
		case path == "":
			c.printf("%s\n", l.Path)
		case path == l.Path:
			c.printf("# %s\n", l.Path)
			for _, line := range l.Lines {
				c.printf("%s%s\n", line.Entry.Path, listLineText(line, numbers))
			}
			return
		}
	}
	if path != "" {
		c.fail("didn't find the specified filename")
	}
}

func listLineText(line *certs.ListLine, numbers bool) string {
	var b strings.Builder
	if numbers {
		fmt.Fprintf(&b, ":%d", line.Line)
	}
	if len(line.Options) > 0 {
		b.WriteString(" [" + strings.Join(line.Options, " ") + "]")
	}
	for _, f := range line.Filters {
		b.WriteString(" " + f)
	}
	return b.String()
}

func showSNI(c *Call) {
	front, expired, until := "", false, c.now()
	for i := 0; c.arg(i) != ""; i++ {
		switch c.arg(i) {
		case "-f":
			i++
			if front = c.arg(i); front == "" {
				c.fail("'-f' requires a frontend name!")
				return
			}
		case "-A":
			expired = true
		case "-t":
			i++
			if c.arg(i) == "" {
				c.fail("'-t' requires an offset argument!")
				return
			}
			d, err := expr.ParseTime(c.arg(i), time.Second)
			if err != nil {
				odd := strings.TrimLeft(c.arg(i), "0123456789")
				c.fail("'-t %s' : unexpected character '%.1s'", c.arg(i), odd)
				return
			}
			until = until.Add(d)
		default:
			c.fail("Invalid parameters, 'show ssl sni' only supports '-f', '-A' or '-t' options!")
			return
		}
	}
	if front != "" && c.Config().Proxy(front, keyword.Frontend) == nil {
		c.fail("Couldn't find the specified frontend!")
		return
	}
	c.printf("# Frontend/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\tNotBefore\n")
	for _, b := range c.store().Binds() {
		if front != "" && b.Front != front {
			continue
		}
		for _, r := range b.Rows() {
			l := r.Entry.Cert().Leaf
			if expired && l.NotAfter.After(until) {
				continue
			}
			not := "-"
			if len(r.Not) > 0 {
				not = strings.Join(r.Not, " ") + " "
			}
			kind := strings.ToLower(l.PublicKeyAlgorithm.String())
			c.printf("%s/%s\t%s\t%s\t%s\t%s\t%s\t%s\n", b.Front, filepath.ToSlash(b.At), r.SNI, not, kind, r.Entry.Path,
				l.NotAfter.UTC().Format(sslTime), l.NotBefore.UTC().Format(sslTime))
		}
	}
}
