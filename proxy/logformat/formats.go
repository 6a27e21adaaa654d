package logformat

// The formats that options select (configuration manual 8.2).
const (
	// HTTPLog is "option httplog".
	HTTPLog = `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`
	// HTTPSLog is "option httpslog".
	HTTPSLog = HTTPLog + ` %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`
	// TCPLog is "option tcplog".
	TCPLog = `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`
	// HTTPLogCLF is "option httplog clf".
	HTTPLogCLF = `%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl`
	// TCPLogCLF is "option tcplog clf".
	TCPLogCLF = `%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq "" "" `
	// ErrorLog is the line for connections that failed before any request.
	ErrorLog = `%ci:%cp [%tr] %ft %[fc_err_str]`
	// UniqueID is a common unique-id-format.
	UniqueID = `%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid`
)
