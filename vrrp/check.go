package vrrp

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"tandem/parser/diag"
	"tandem/vrrp/config"
)

// Load reads the configuration in file. A file that does not exist is an empty
// configuration with a message, as for the original; err is any other reason
// why it cannot be read.
func Load(file string, opt config.Options) (*config.Result, error) {
	res, err := config.LoadFile(file, opt)
	if errors.Is(err, fs.ErrNotExist) {
		res = config.Load(file, nil, opt)
		res.Missing = true
		return res, nil
	}
	return res, err
}

// Check is "-t": it writes what is wrong with a configuration to w in the
// words of the original, and returns its exit status: 0 good, 2 a parameter
// is missing, 4 an interface or file is missing, 5 anything else, 6 scripts
// would run unchecked or an include failed.
func Check(w io.Writer, file string, opt config.Options) (status int, err error) {
	res, err := Load(file, opt)
	if err != nil {
		return 0, err
	}
	if res.Missing {
		_, err = io.WriteString(w, "Config files missing '"+file+"'.\n")
		return 0, err
	}
	return res.Status, diag.Keepalived(w, res.Diags, file)
}

// Messages returns what was said about a configuration, a line each, for a log.
func Messages(res *config.Result, file string) []string {
	return MessagesOf(res, file, func(string) bool { return true })
}

// MessagesOf is Messages of those readings of the configuration that said says
// so for: "" the parent's, "checker", "vrrp" and "bfd".
func MessagesOf(res *config.Result, file string, said func(pass string) bool) []string {
	var out []string
	for i := range res.Diags.All {
		if d := &res.Diags.All[i]; !d.Quiet && said(d.Pass) {
			out = append(out, diag.KeepalivedLine(d, file))
		}
	}
	return out
}

// WriteParentData writes what the parent process of the original dumps on
// SIGUSR1: the files that were read.
func WriteParentData(path string, cfg *config.Config) error {
	return writeFile(path, "keepalived_parent.data", func(w io.Writer) error {
		var b bytes.Buffer
		b.WriteString("------< Global definitions >------\n Router ID = " + cfg.Global.RouterID + "\n Config files read:\n")
		for _, f := range cfg.Files {
			b.WriteString("  " + f.Name + "\n")
		}
		_, err := w.Write(b.Bytes())
		return err
	})
}

// DefaultFile is the first of the usual places where a configuration exists.
func DefaultFile() string {
	for _, f := range []string{"/etc/keepalived/keepalived.conf", "/usr/local/etc/keepalived/keepalived.conf"} {
		if _, err := os.Stat(f); err == nil {
			return f
		}
	}
	return "/etc/keepalived/keepalived.conf"
}
