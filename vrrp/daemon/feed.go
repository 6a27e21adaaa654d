package daemon

import (
	"sync/atomic"
	"time"

	"tandem/vrrp/bfd"
)

// Feed is what the states of BFD sessions come through from the process that
// holds them, as wire.Feed does.
type Feed interface {
	// Send sends one message without waiting.
	Send(b []byte) error
	// Recv waits for a message.
	Recv(b []byte) (int, error)
}

// again is how long the writer of a full feed waits before it tries again.
const again = time.Second

// Outlet is the writing end of a feed. What does not fit in is told later, if
// the reader has ever asked: the process that has the other end need not run.
type Outlet struct {
	feed  Feed
	asked atomic.Bool
	late  atomic.Bool // a further try is on its way
	all   func()
}

// NewOutlet serves the reader of a feed; all has every state told once more,
// and does not wait for it.
func NewOutlet(feed Feed, all func()) *Outlet {
	o := &Outlet{feed: feed, all: all}
	go o.listen()
	return o
}

// listen takes questions until the feed is closed.
func (o *Outlet) listen() {
	var b [1]byte
	for {
		if _, err := o.feed.Recv(b[:]); err != nil {
			return
		}
		o.asked.Store(true)
		o.all()
	}
}

// Tell tells the reader a state.
func (o *Outlet) Tell(name string, up bool) {
	n := bfd.News{Name: name, Up: up, At: monotonic()}
	if o.feed.Send(n.Append(nil)) != nil && o.asked.Load() && o.late.CompareAndSwap(false, true) {
		time.AfterFunc(again, func() {
			o.late.Store(false)
			o.all()
		})
	}
}

// inlet is the reading end of a feed.
type inlet struct{ feed Feed }

// ask has all states told.
func (i inlet) ask() { _ = i.feed.Send([]byte{1}) }

// listen hands on what comes until the feed is closed, and logs what is new:
// states are told again whenever somebody asks.
func (i inlet) listen(log func(string), take func(bfd.News)) {
	b := make([]byte, bfd.MaxNews)
	told := map[string]bool{}
	for {
		n, err := i.feed.Recv(b)
		if err != nil {
			return
		}
		news, ok := bfd.ParseNews(b[:n])
		if !ok {
			continue
		}
		if up, before := told[news.Name]; log != nil && !(before && up == news.Up) {
			log(newsLine(news))
		}
		told[news.Name] = news.Up
		take(news)
	}
}

// inDetail is log in a detailed log, else nil.
func inDetail(log func(string), detail bool) func(string) {
	if detail {
		return log
	}
	return nil
}

// newsLine is what a detailed log says of news.
func newsLine(n bfd.News) string {
	return "Received BFD event: instance " + n.Name + " is in state " + n.State().String() +
		" (delivered in " + usec(monotonic()-n.At) + " usec)"
}

// followSessions has the states of BFD sessions told, if there are any.
func (h *Health) followSessions() {
	if h.opt.Sessions == nil || len(h.cfg.BFDs) == 0 {
		return
	}
	in := inlet{h.opt.Sessions}
	if !h.heeds {
		h.heeds = true
		go in.listen(inDetail(h.opt.Log, h.opt.Detail), func(n bfd.News) {
			h.post(func() { h.perform(h.dir.Follow(n.Name, n.Up)) })
		})
	}
	in.ask()
}
