package cli

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"tandem/proxy/listen"
)

// Supervisor is the master process as its command line sees it (management
// manual 9.4).
type Supervisor interface {
	// Processes returns the master itself and its workers, the current one first.
	Processes() (master Proc, workers []Proc)
	// LastFailed says whether the last reload failed.
	LastFailed() bool
	// Dial connects to a worker's command line.
	Dial(pid int) (net.Conn, error)
	// Reload reloads; c is then told the outcome and closed, by this process or
	// by the one that takes its place.
	Reload(c net.Conn, hard bool)
}

// Proc is one process as "show proc" lists it.
type Proc struct {
	PID     int
	Reloads int // of a worker: since it was the newest
	Failed  int // reloads in a row that failed; the master's
	Start   time.Time
	Version string
	FD      [2]int // of the channel to it; -1 for none
}

// ServeMaster answers one connection to the master's command line.
func ServeMaster(env *Env, sup Supervisor, c net.Conn, b *listen.Bind) {
	s := &masterSession{session: newSession(env, MasterCommands, c, b), sup: sup}
	defer func() {
		if !s.handed {
			c.Close()
		}
	}()
	s.master, s.timeout = s, 0
	if b.Level == "" {
		s.level = Admin
	}
	for !s.quit {
		line, err := s.readLine()
		if err != nil {
			return
		}
		if s.masterLine(line) != nil {
			return
		}
	}
}

// masterSession is a connection to the master: what it says is for the master
// or for a worker, by a prefix or by what "@" chose before.
type masterSession struct {
	*session
	sup    Supervisor
	target int // the worker that lines go to; 0: the master
	debug  bool
	handed bool // the connection is the supervisor's
}

// masterLine answers all commands of one line.
func (s *masterSession) masterLine(line string) error {
	line, mark, has := payloadMark(line)
	payload := ""
	if has {
		var err error
		if payload, err = s.readPayload(mark); err != nil {
			return err
		}
		payload = " <<" + mark + "\n" + payload + mark
	}
	list := splitCommands(line)
	for i, text := range list {
		text = strings.TrimSpace(text)
		last := i == len(list)-1
		if strings.HasPrefix(text, "@@") {
			text = strings.TrimSpace(strings.Join(append([]string{text}, list[i+1:]...), ";"))
			last = true
		}
		if last {
			text += payload
		}
		if err := s.masterCommand(text); err != nil {
			return err
		}
		if strings.HasPrefix(text, "@@") || s.quit {
			break
		}
	}
	if s.mode == prompting && !s.quit {
		return s.send([]byte(s.masterPrompt()))
	}
	return nil
}

// masterCommand answers one command, with the payload behind it.
func (s *masterSession) masterCommand(text string) error {
	target := s.target
	if strings.HasPrefix(text, "@") {
		prefix, rest, _ := strings.Cut(text, " ")
		pid, ok := s.find(strings.TrimLeft(prefix, "@"))
		rest = strings.TrimLeft(rest, " \t")
		switch {
		case !ok:
			// What was sent behind it may have been meant for that process.
			s.in.Discard(s.in.Buffered())
			return s.send(fmt.Appendf(nil, "Can't find the target PID matching the prefix '%s'\n", prefix))
		case strings.HasPrefix(prefix, "@@") && pid != 0:
			return s.bridge(pid, rest)
		case rest == "":
			s.target = pid
			return nil
		}
		target, text = pid, rest
	}
	head, payload, _ := strings.Cut(text, "\n")
	words := splitWords(head)
	if target != 0 && target == s.target && !s.own(words) || target != s.target && target != 0 {
		return s.forward(target, text)
	}
	if len(words) == 1 && (words[0] == "reload" || words[0] == "hard-reload") && s.level >= Operator {
		s.quit, s.handed = true, true
		s.sup.Reload(s.conn, words[0] == "hard-reload")
		return nil
	}
	if len(words) == 1 && strings.HasSuffix(words[0], "-mode") {
		words = append(words, "off")
	}
	if s.table = MasterCommands; s.debug {
		s.table = masterDebug
	}
	c := &Call{Env: s.env, sess: s.session}
	if payload != "" {
		c.Payload, c.HasLoad = payload, true
	}
	out := &answer{s: s.session}
	c.out = out
	if !s.run(c, words) {
		s.quit = true
		return nil
	}
	if s.own(words) || s.quiet {
		s.quiet = false
		out.flush()
		return out.err
	}
	out.end()
	return out.err
}

// own says whether a command changes this connection, whichever process it
// speaks with.
func (s *masterSession) own(words []string) bool {
	if len(words) == 0 {
		return false
	}
	switch words[0] {
	case "prompt", "quit", "user", "operator", "expert-mode", "experimental-mode", "mcli-debug-mode":
		return true
	case "set":
		return len(words) > 1 && words[1] == "severity-output"
	}
	return false
}

// find returns the process that "@…" names: nothing and "master" are the
// master, 0; "!123" is a pid, "1" the current worker.
func (s *masterSession) find(name string) (pid int, ok bool) {
	if name == "" || name == "master" {
		return 0, true
	}
	_, workers := s.sup.Processes()
	byPID := strings.HasPrefix(name, "!")
	n, err := strconv.Atoi(strings.TrimPrefix(name, "!"))
	if err != nil || len(workers) == 0 {
		return 0, false
	}
	if !byPID {
		return workers[0].PID, n == 1
	}
	for _, w := range workers {
		if w.PID == n {
			return n, true
		}
	}
	return 0, false
}

// rights are the commands that give a worker's connection what this one has.
func (s *masterSession) rights() string {
	out := ""
	if s.severity != "" && s.severity != "none" {
		out += "set severity-output " + s.severity + " -;"
	}
	if s.level < Admin {
		out += s.level.String() + " -;"
	}
	if s.expert {
		out += "expert-mode on -;"
	}
	if s.trial {
		out += "experimental-mode on -;"
	}
	return out
}

// forward has a worker answer one command.
func (s *masterSession) forward(pid int, text string) error {
	c, err := s.sup.Dial(pid)
	if err != nil {
		return s.send(fmt.Appendf(nil, "Can't connect to the target CLI!\n"))
	}
	defer c.Close()
	if _, err := io.WriteString(c, s.rights()+text+"\n"); err == nil {
		if w, ok := c.(interface{ CloseWrite() error }); ok {
			w.CloseWrite()
		}
		io.Copy(s.conn, c) // a worker that dies ends its answer, not the session
	}
	return nil
}

// bridge ties the connection to a worker's until that one ends.
func (s *masterSession) bridge(pid int, text string) error {
	c, err := s.sup.Dial(pid)
	if err != nil {
		return s.send(fmt.Appendf(nil, "Can't connect to the target CLI!\n"))
	}
	defer c.Close()
	begin := s.rights()
	switch {
	case text != "":
		begin += text + "\n"
	case s.mode == prompting:
		begin += "prompt p -\n"
	}
	if _, err := io.WriteString(c, begin); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := io.Copy(c, s.in); err == nil { // the client's end
			if w, ok := c.(interface{ CloseWrite() error }); ok {
				w.CloseWrite()
			}
		}
	}()
	_, err = io.Copy(s.conn, c)
	c.Close()
	s.conn.SetReadDeadline(time.Unix(1, 0)) // ends the other direction
	<-done
	s.conn.SetReadDeadline(time.Time{})
	s.in = bufio.NewReaderSize(s.conn, s.in.Size()) // it remembers the deadline
	return err
}

// masterPrompt names the process that the next line goes to, and the modes.
func (s *masterSession) masterPrompt() string {
	name := "master"
	if s.target != 0 {
		name = strconv.Itoa(s.target)
	} else if s.sup.LastFailed() {
		name += "[ReloadFailed]"
	}
	flags := ""
	for _, f := range []struct {
		on     bool
		letter string
	}{{s.trial, "x"}, {s.expert, "e"}, {s.debug, "d"}} {
		if f.on {
			flags += f.letter
		}
	}
	if flags != "" {
		flags = "(" + flags + ")"
	}
	up := strings.TrimSuffix(s.prompt(), "> ")
	if up != "" {
		up += " "
	}
	return up + name + flags + "> "
}
