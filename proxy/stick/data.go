// Package stick keeps what is known of clients between requests: tables of
// keys with counters, tags and the server that a key sticks to (configuration
// manual 11). It owns no clock: callers pass the moment.
package stick

import "tandem/parser/keyword"

// Data is a kind of data that an entry can hold. The numbers are those of the
// peers protocol, and also the order in which dumps print them.
type Data uint8

// Kinds of data (configuration manual 11.1).
const (
	ServerID Data = iota
	GPT0
	GPC0
	GPC0Rate
	ConnCnt
	ConnRate
	ConnCur
	SessCnt
	SessRate
	HTTPReqCnt
	HTTPReqRate
	HTTPErrCnt
	HTTPErrRate
	BytesInCnt
	BytesInRate
	BytesOutCnt
	BytesOutRate
	GPC1
	GPC1Rate
	ServerKey
	HTTPFailCnt
	HTTPFailRate
	GPT
	GPC
	GPCRate
	GlitchCnt
	GlitchRate

	numData
)

// dataInfo says what a kind of data is made of.
type dataInfo struct {
	name  string
	rate  bool // counts over a period
	array bool // several of them
	wide  bool // 64 bits
	doc   string
}

var infos = [numData]dataInfo{
	ServerID:     {name: "server_id", doc: "Number of the server that the key sticks to."},
	GPT0:         {name: "gpt0", doc: "General purpose tag."},
	GPC0:         {name: "gpc0", doc: "First general purpose counter."},
	GPC0Rate:     {name: "gpc0_rate", rate: true, doc: "Rate of the first general purpose counter."},
	ConnCnt:      {name: "conn_cnt", doc: "Connections so far."},
	ConnRate:     {name: "conn_rate", rate: true, doc: "Rate of connections."},
	ConnCur:      {name: "conn_cur", doc: "Connections now."},
	SessCnt:      {name: "sess_cnt", doc: "Accepted sessions so far."},
	SessRate:     {name: "sess_rate", rate: true, doc: "Rate of accepted sessions."},
	HTTPReqCnt:   {name: "http_req_cnt", doc: "HTTP requests so far."},
	HTTPReqRate:  {name: "http_req_rate", rate: true, doc: "Rate of HTTP requests."},
	HTTPErrCnt:   {name: "http_err_cnt", doc: "Bad HTTP requests so far."},
	HTTPErrRate:  {name: "http_err_rate", rate: true, doc: "Rate of bad HTTP requests."},
	BytesInCnt:   {name: "bytes_in_cnt", wide: true, doc: "Bytes received from the client so far."},
	BytesInRate:  {name: "bytes_in_rate", rate: true, doc: "Rate of bytes received from the client."},
	BytesOutCnt:  {name: "bytes_out_cnt", wide: true, doc: "Bytes sent to the client so far."},
	BytesOutRate: {name: "bytes_out_rate", rate: true, doc: "Rate of bytes sent to the client."},
	GPC1:         {name: "gpc1", doc: "Second general purpose counter."},
	GPC1Rate:     {name: "gpc1_rate", rate: true, doc: "Rate of the second general purpose counter."},
	ServerKey:    {name: "server_key", doc: "Name or address of the server that the key sticks to."},
	HTTPFailCnt:  {name: "http_fail_cnt", doc: "Failed HTTP responses so far."},
	HTTPFailRate: {name: "http_fail_rate", rate: true, doc: "Rate of failed HTTP responses."},
	GPT:          {name: "gpt", array: true, doc: "General purpose tags."},
	GPC:          {name: "gpc", array: true, doc: "General purpose counters."},
	GPCRate:      {name: "gpc_rate", array: true, rate: true, doc: "Rates of the general purpose counters."},
	GlitchCnt:    {name: "glitch_cnt", doc: "Protocol oddities so far."},
	GlitchRate:   {name: "glitch_rate", rate: true, doc: "Rate of protocol oddities."},
}

// String returns the name as it stands behind "store".
func (d Data) String() string { return infos[d].name }

// IsRate says whether the data are counted over a period.
func (d Data) IsRate() bool { return infos[d].rate }

// DataNamed returns the kind of data of that name.
func DataNamed(name string) (Data, bool) {
	for d := range infos {
		if infos[d].name == name {
			return Data(d), true
		}
	}
	return 0, false
}

// KeyType is the type of a table's keys.
type KeyType uint8

// Types of keys.
const (
	KeyIPv4 KeyType = iota
	KeyIPv6
	KeyInteger
	KeyString
	KeyBinary
)

var keyNames = [...]string{"ip", "ipv6", "integer", "string", "binary"}

// String returns the type as dumps print it.
func (k KeyType) String() string { return keyNames[k] }

// column is where the values of a kind of data stand in an entry.
type column struct {
	stored bool
	at     int   // index of the first in nums or rates
	n      int   // how many; 1 unless array
	period int64 // milliseconds, of rates
}

// Config is a "stick-table" line: what a table is, not what is in it.
type Config struct {
	Name         string
	Key          KeyType
	KeyLen       int // of string and binary keys, in bytes
	Size         int // most entries
	ExpireMS     int64
	HasExpire    bool
	NoPurge      bool
	RecvOnly     bool
	ByAddr       bool // srvkey addr
	BytesFactor  uint64
	Peers        *keyword.Ref // nil: none
	WriteTo      *keyword.Ref // nil: none
	Spread       int          // "shards" of the peers section; 0: entries have no number
	cols         [numData]column
	nums, rates  int
	typed, sized bool
}

// Stores says whether entries hold a kind of data.
func (c *Config) Stores(d Data) bool { return c.cols[d].stored }

// Period returns the period of a rate in milliseconds.
func (c *Config) Period(d Data) int64 { return c.cols[d].period }

// Len returns how many values of a kind an entry holds.
func (c *Config) Len(d Data) int { return c.cols[d].n }

// Store makes entries hold n values of a kind of data over a period in
// milliseconds; it returns false if they do already.
func (c *Config) Store(d Data, n int, period int64) bool {
	col := &c.cols[d]
	if col.stored {
		return false
	}
	*col = column{stored: true, n: n, period: period}
	switch {
	case d == ServerKey:
	case infos[d].rate:
		col.at = c.rates
		c.rates += n
	default:
		col.at = c.nums
		c.nums += n
	}
	return true
}

// sameLayout says whether entries made for c fit o: then a new configuration
// takes over the entries of the one before.
func (c *Config) sameLayout(o *Config) bool {
	return c.Key == o.Key && c.KeyLen == o.KeyLen && c.cols == o.cols
}

// find returns where value i of a kind stands. The single gpc0, gpc1 and gpt0
// are the first elements of the arrays, where a table has those.
func (c *Config) find(d Data, i int) (*column, int, bool) {
	col := &c.cols[d]
	if col.stored {
		return col, col.at + i, i >= 0 && i < col.n
	}
	if i != 0 {
		return nil, 0, false
	}
	switch d {
	case GPC0:
		return c.find2(GPC, 0)
	case GPC1:
		return c.find2(GPC, 1)
	case GPT0:
		return c.find2(GPT, 0)
	case GPC0Rate:
		return c.find2(GPCRate, 0)
	case GPC1Rate:
		return c.find2(GPCRate, 1)
	}
	return nil, 0, false
}

func (c *Config) find2(d Data, i int) (*column, int, bool) {
	col := &c.cols[d]
	return col, col.at + i, col.stored && i < col.n
}
