package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/listen"
)

// promptMode is what happens when a line has been answered.
type promptMode uint8

const (
	oneLine     promptMode = iota // the connection closes
	interactive                   // the next line is awaited
	prompting                     // the same, with a prompt
)

// defaultPayload is tune.cli.max-payload-size without such a line, bytes.
const defaultPayload = 128 << 10

// defaultLine is tune.bufsize without such a line, bytes.
const defaultLine = 16384

// session is one connection to the socket.
type session struct {
	env      *Env
	table    *keyword.Table[Command]
	conn     net.Conn
	in       *bufio.Reader
	level    Level
	mode     promptMode
	timed    bool
	expert   bool
	trial    bool // experimental-mode
	severity string
	anon     uint32 // key of hidden names; 0: they are shown
	expose   bool   // hands listening sockets over
	quiet    bool   // the command that ran wants no answer, not even an empty line
	master   *masterSession
	timeout  time.Duration
	maxLoad  int
	quit     bool
}

// errTooLong says that a line does not fit; the message is the answer.
var (
	errTooLong = errors.New("The command line is too big for the buffer size. Please change 'tune.bufsize' in the configuration to use a bigger command.")
	errPayload = errors.New("The payload is too big. Please change 'tune.cli.max-payload-size' in the configuration to use a bigger payload.")
)

// newSession prepares a connection with the rights that its bind line gives.
func newSession(env *Env, table *keyword.Table[Command], conn net.Conn, b *listen.Bind) *session {
	g := &env.Config().Global
	s := &session{env: env, table: table, conn: conn, level: LevelOf(b.Level), severity: b.SeverityOutput, expose: b.ExposeFD, timeout: g.StatsTimeout, maxLoad: defaultPayload}
	if s.timeout <= 0 {
		s.timeout = 10 * time.Second
	}
	line := defaultLine
	if n := tuned(g.Tune, "bufsize"); n > 0 {
		line = n
	}
	if n := tuned(g.Tune, "cli.max-payload-size"); n > 0 {
		s.maxLoad = n
	}
	s.in = bufio.NewReaderSize(conn, line)
	return s
}

// tuned returns a number of the global section's tune words, 0 where it is unset.
func tuned(m map[string]int64, name string) int {
	if n := m[name]; n > 0 {
		return int(n)
	}
	return int(m["tune."+name])
}

// serve answers lines until the connection is over.
func (s *session) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for !s.quit {
		line, err := s.readLine()
		if err != nil {
			if errors.Is(err, errTooLong) {
				s.send([]byte(err.Error() + "\n"))
			}
			return
		}
		if err := s.line(ctx, line); err != nil {
			return
		}
		if s.mode == oneLine {
			return
		}
	}
}

// readLine reads one line without its end. A last line that no newline ends
// is not one: nothing is answered.
func (s *session) readLine() (string, error) {
	s.deadline()
	b, err := s.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errTooLong
	}
	if err != nil {
		return "", err
	}
	return string(b[:len(b)-1]), nil
}

func (s *session) deadline() {
	if s.timeout > 0 {
		s.conn.SetReadDeadline(time.Now().Add(s.timeout))
	}
}

// silent says whether a command can be told to answer nothing.
func silent(list []string) bool {
	switch list[0] {
	case "user", "operator", "expert-mode", "experimental-mode", "prompt":
		return true
	}
	return list[0] == "set" && list[1] == "severity-output"
}

// readPayload reads lines until the one that is mark.
func (s *session) readPayload(mark string) (string, error) {
	var b strings.Builder
	for {
		if s.mode == prompting && s.in.Buffered() == 0 {
			s.send([]byte("+ "))
		}
		s.deadline()
		line, err := s.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
		if err == nil && strings.TrimSuffix(string(line[:len(line)-1]), "\r") == mark {
			return b.String(), nil
		}
		if b.Len()+len(line)+len(mark) > s.maxLoad {
			return "", errPayload
		}
		b.Write(line)
	}
}

// line answers all commands of one line.
func (s *session) line(ctx context.Context, line string) error {
	line, mark, has := payloadMark(line)
	payload := ""
	if has {
		var err error
		if payload, err = s.readPayload(mark); err != nil {
			if errors.Is(err, errPayload) {
				s.send([]byte(err.Error() + "\n"))
			}
			return err
		}
	}
	list := splitCommands(line)
	for i, text := range list {
		c := &Call{Env: s.env, Ctx: ctx, sess: s}
		if has && i == len(list)-1 {
			c.Payload, c.HasLoad = payload, true
		}
		out := &answer{s: s}
		c.out = out
		if !s.run(c, splitWords(text)) {
			s.quit = true
			return nil
		}
		if s.quiet {
			s.quiet = false
		} else {
			out.end()
		}
		if out.err != nil {
			return out.err
		}
	}
	if s.mode == prompting {
		return s.send([]byte(s.prompt()))
	}
	return nil
}

// run answers one command; false ends the connection.
func (s *session) run(c *Call, list []string) bool {
	switch {
	case len(list) == 0:
		return true
	case len(list) > maxWords:
		c.fail("Too many arguments. Commands must have at most %d arguments.", maxWords)
		return true
	}
	if n := len(list) - 1; n > 0 && list[n] == "-" && silent(list) {
		s.quiet, list = true, list[:n] // from the master, in front of the command
	}
	d, args := find(s.table, list)
	if d == nil {
		c.unknown(list)
		return true
	}
	cmd := commandOf(d)
	c.Args = args
	switch {
	case cmd.Level > s.level:
		c.fail("Permission denied")
	case cmd.Expert && !s.expert:
		c.fail("This command is restricted to expert mode only.")
	case d.Flags.Has(keyword.Experimental) && !s.trial:
		c.fail("This command is restricted to experimental mode only.")
	default:
		cmd.Run(c)
	}
	return !s.quit
}

// prompt is what asks for the next line.
func (s *session) prompt() string {
	if !s.timed {
		return "> "
	}
	up := int(s.env.now().Sub(s.env.Start) / time.Second)
	return fmt.Sprintf("[%d:%02d:%02d:%02d]> ", up/86400, up/3600%24, up/60%60, up%60)
}

// send writes to the client, who must take it in time.
func (s *session) send(b []byte) error {
	if s.timeout > 0 {
		s.conn.SetWriteDeadline(time.Now().Add(s.timeout))
	}
	_, err := s.conn.Write(b)
	return err
}

// answer is the text of one command, sent in pieces so that long dumps are
// not kept in memory.
type answer struct {
	s    *session
	buf  bytes.Buffer
	last byte
	any  bool
	err  error
}

// Write implements io.Writer; after an error all else is dropped.
func (a *answer) Write(b []byte) (int, error) {
	if len(b) == 0 || a.err != nil {
		return len(b), a.err
	}
	a.any, a.last = true, b[len(b)-1]
	a.buf.Write(b)
	if a.buf.Len() >= 32<<10 {
		a.flush()
	}
	return len(b), a.err
}

func (a *answer) flush() {
	if a.err == nil && a.buf.Len() > 0 {
		a.err = a.s.send(a.buf.Bytes())
		a.buf.Reset()
	}
}

// end completes the last line and adds the empty one that ends every answer.
func (a *answer) end() {
	if a.any && a.last != '\n' {
		a.buf.WriteByte('\n')
	}
	a.buf.WriteByte('\n')
	a.flush()
}

var _ io.Writer = (*answer)(nil)
