package main

import (
	"fmt"
	"io"
	"os"

	"tandem/parser/keepalived"
	"tandem/vrrp"
	"tandem/vrrp/config"
)

// check is -t.
func check(o *options, stderr io.Writer) int {
	w := stderr
	if o.testOutput != "" {
		f, err := os.OpenFile(o.testOutput, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			fmt.Fprintf(stderr, "Unable to open %s: %v\n", o.testOutput, err)
			return exitFatal
		}
		defer f.Close()
		w = f
	}
	status, err := vrrp.Check(w, o.path(), o.reading())
	if err != nil {
		fmt.Fprintln(w, err)
		return exitNoConfig
	}
	return status
}

// path is the configuration file to read.
func (o *options) path() string {
	if o.file != "" {
		return o.file
	}
	return vrrp.DefaultFile()
}

// reading is what the command line says of how to read the configuration.
func (o *options) reading() config.Options {
	opt := config.Options{ConfigID: o.id}
	if o.allConfig {
		opt.IncludeCheck = keepalived.CheckAll
	}
	return opt
}
