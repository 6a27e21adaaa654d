package stats

// InfoCol is the position of a line of "show info".
type InfoCol int

// Lines of "show info", in order. What each one means stands in its
// [InfoColumn].Doc.
const (
	InfoName InfoCol = iota
	InfoVersion
	InfoReleaseDate
	InfoNbthread
	InfoNbproc
	InfoProcessNum
	InfoPid
	InfoUptime
	InfoUptimeSec
	InfoMemmaxMB
	InfoPoolAllocMB
	InfoPoolUsedMB
	InfoPoolFailed
	InfoUlimitN
	InfoMaxsock
	InfoMaxconn
	InfoHardMaxconn
	InfoCurrConns
	InfoCumConns
	InfoCumReq
	InfoMaxSslConns
	InfoCurrSslConns
	InfoCumSslConns
	InfoMaxpipes
	InfoPipesUsed
	InfoPipesFree
	InfoConnRate
	InfoConnRateLimit
	InfoMaxConnRate
	InfoSessRate
	InfoSessRateLimit
	InfoMaxSessRate
	InfoSslRate
	InfoSslRateLimit
	InfoMaxSslRate
	InfoSslFrontendKeyRate
	InfoSslFrontendMaxKeyRate
	InfoSslFrontendSessionReusePct
	InfoSslBackendKeyRate
	InfoSslBackendMaxKeyRate
	InfoSslCacheLookups
	InfoSslCacheMisses
	InfoCompressBpsIn
	InfoCompressBpsOut
	InfoCompressBpsRateLim
	InfoZlibMemUsage
	InfoMaxZlibMemUsage
	InfoTasks
	InfoRunQueue
	InfoIdlePct
	InfoNode
	InfoDescription
	InfoStopping
	InfoJobs
	InfoUnstoppableJobs
	InfoListeners
	InfoActivePeers
	InfoConnectedPeers
	InfoDroppedLogs
	InfoBusyPolling
	InfoFailedResolutions
	InfoTotalBytesOut
	InfoTotalSplicedBytesOut
	InfoBytesOutRate
	InfoDebugCommandsIssued
	InfoCumRecvLogs
	InfoBuildInfo
	InfoMemmaxBytes
	InfoPoolAllocBytes
	InfoPoolUsedBytes
	InfoStartTimeSec
	InfoTainted
	InfoTotalWarnings
	InfoMaxconnReached
	InfoBootTimeMs
	InfoNicedTasks
	InfoCurrStreams
	InfoCumStreams
	InfoBlockedTrafficWarnings
	InfoPatternsAdded
	InfoPatternsFreed
	InfoNbThreadGroups

	NumInfo // how many there are
)

// InfoColumn describes one line of "show info".
type InfoColumn struct {
	Name string
	Tags string // as [Column].Tags
	Type Type
	Prom string // metric name without "haproxy_process_"; empty: not exported
	// PromCounter marks metrics that are exported as counters although
	// their nature is another one.
	PromCounter bool
	Doc         string
}

// InfoColumns returns the table of the lines of "show info".
func InfoColumns() *[NumInfo]InfoColumn { return &infoColumns }

var infoColumns = [NumInfo]InfoColumn{
	InfoName:                       {Name: "Name", Tags: "POSV", Type: Str, Doc: "Product name"},
	InfoVersion:                    {Name: "Version", Tags: "POSV", Type: Str, Doc: "Product version"},
	InfoReleaseDate:                {Name: "Release_date", Tags: "POSV", Type: Str, Doc: "Date of the release"},
	InfoNbthread:                   {Name: "Nbthread", Tags: "CGSV", Type: U32, Prom: "nbthread", Doc: "Threads"},
	InfoNbproc:                     {Name: "Nbproc", Tags: "CGSV", Type: U32, Prom: "nbproc", Doc: "Worker processes, always 1"},
	InfoProcessNum:                 {Name: "Process_num", Tags: "KGPV", Type: U32, Prom: "relative_process_id", Doc: "Number of this worker process"},
	InfoPid:                        {Name: "Pid", Tags: "SGPV", Type: U32, Doc: "System identifier of this process"},
	InfoUptime:                     {Name: "Uptime", Tags: "MDPV", Type: Str, Doc: "Time since start, in days, hours, minutes and seconds"},
	InfoUptimeSec:                  {Name: "Uptime_sec", Tags: "MDPV", Type: U32, Prom: "uptime_seconds", Doc: "Seconds since start"},
	InfoMemmaxMB:                   {Name: "Memmax_MB", Tags: "CLPV", Type: U32, Doc: "Memory limit in MB (-m), 0 for none"},
	InfoPoolAllocMB:                {Name: "PoolAlloc_MB", Tags: "MGPV", Type: U32, Doc: "Memory allocated, in MB"},
	InfoPoolUsedMB:                 {Name: "PoolUsed_MB", Tags: "MGPV", Type: U32, Doc: "Memory in use, in MB"},
	InfoPoolFailed:                 {Name: "PoolFailed", Tags: "MCPV", Type: U32, Prom: "pool_failures_total", Doc: "Allocations that failed"},
	InfoUlimitN:                    {Name: "Ulimit-n", Tags: "CLPV", Type: U32, Prom: "max_fds", Doc: "Limit on file descriptors"},
	InfoMaxsock:                    {Name: "Maxsock", Tags: "CLPV", Type: U32, Prom: "max_sockets", Doc: "Limit on sockets"},
	InfoMaxconn:                    {Name: "Maxconn", Tags: "CLPV", Type: U32, Prom: "max_connections", Doc: "Limit on connections"},
	InfoHardMaxconn:                {Name: "Hard_maxconn", Tags: "CLPV", Type: U32, Prom: "hard_max_connections", Doc: "Limit on connections that Maxconn may be raised to"},
	InfoCurrConns:                  {Name: "CurrConns", Tags: "MGPV", Type: U32, Prom: "current_connections", Doc: "Connections now"},
	InfoCumConns:                   {Name: "CumConns", Tags: "MCPV", Type: U32, Prom: "connections_total", Doc: "Connections since start"},
	InfoCumReq:                     {Name: "CumReq", Tags: "MCPV", Type: U32, Prom: "requests_total", Doc: "Requests since start"},
	InfoMaxSslConns:                {Name: "MaxSslConns", Tags: "MMPV", Type: U32, Prom: "max_ssl_connections", Doc: "Limit on TLS connections, 0 for none"},
	InfoCurrSslConns:               {Name: "CurrSslConns", Tags: "MGPV", Type: U32, Prom: "current_ssl_connections", Doc: "TLS connections now"},
	InfoCumSslConns:                {Name: "CumSslConns", Tags: "MCPV", Type: U32, Prom: "ssl_connections_total", Doc: "TLS connections since start"},
	InfoMaxpipes:                   {Name: "Maxpipes", Tags: "CLPV", Type: U32, Prom: "max_pipes", Doc: "Limit on splicing pipes, 0 for none"},
	InfoPipesUsed:                  {Name: "PipesUsed", Tags: "MGPV", Type: U32, Prom: "pipes_used_total", PromCounter: true, Doc: "Pipes in use"},
	InfoPipesFree:                  {Name: "PipesFree", Tags: "MGPV", Type: U32, Prom: "pipes_free_total", PromCounter: true, Doc: "Pipes kept for reuse"},
	InfoConnRate:                   {Name: "ConnRate", Tags: "MRPV", Type: U32, Prom: "current_connection_rate", Doc: "Connections over the last second"},
	InfoConnRateLimit:              {Name: "ConnRateLimit", Tags: "CLPV", Type: U32, Prom: "limit_connection_rate", Doc: "Limit on new connections per second (maxconnrate)"},
	InfoMaxConnRate:                {Name: "MaxConnRate", Tags: "MMPV", Type: U32, Prom: "max_connection_rate", Doc: "Most connections within one second"},
	InfoSessRate:                   {Name: "SessRate", Tags: "MRPV", Type: U32, Prom: "current_session_rate", Doc: "Sessions over the last second"},
	InfoSessRateLimit:              {Name: "SessRateLimit", Tags: "CLPV", Type: U32, Prom: "limit_session_rate", Doc: "Limit on new sessions per second (maxsessrate)"},
	InfoMaxSessRate:                {Name: "MaxSessRate", Tags: "MRPV", Type: U32, Prom: "max_session_rate", Doc: "Most sessions within one second"},
	InfoSslRate:                    {Name: "SslRate", Tags: "MRPV", Type: U32, Prom: "current_ssl_rate", Doc: "TLS connections over the last second"},
	InfoSslRateLimit:               {Name: "SslRateLimit", Tags: "CLPV", Type: U32, Prom: "limit_ssl_rate", Doc: "Limit on new TLS connections per second (maxsslrate)"},
	InfoMaxSslRate:                 {Name: "MaxSslRate", Tags: "MMPV", Type: U32, Prom: "max_ssl_rate", Doc: "Most TLS connections within one second"},
	InfoSslFrontendKeyRate:         {Name: "SslFrontendKeyRate", Tags: "MGPV", Type: U32, Prom: "current_frontend_ssl_key_rate", Doc: "TLS keys computed for clients over the last second"},
	InfoSslFrontendMaxKeyRate:      {Name: "SslFrontendMaxKeyRate", Tags: "MMPV", Type: U32, Prom: "max_frontend_ssl_key_rate", Doc: "Most TLS keys computed for clients within one second"},
	InfoSslFrontendSessionReusePct: {Name: "SslFrontendSessionReuse_pct", Tags: "MGPV", Type: U32, Prom: "frontend_ssl_reuse", Doc: "Percentage of client TLS sessions resumed"},
	InfoSslBackendKeyRate:          {Name: "SslBackendKeyRate", Tags: "MRPV", Type: U32, Prom: "current_backend_ssl_key_rate", Doc: "TLS keys computed for servers over the last second"},
	InfoSslBackendMaxKeyRate:       {Name: "SslBackendMaxKeyRate", Tags: "MMPV", Type: U32, Prom: "max_backend_ssl_key_rate", Doc: "Most TLS keys computed for servers within one second"},
	InfoSslCacheLookups:            {Name: "SslCacheLookups", Tags: "MCPV", Type: U32, Prom: "ssl_cache_lookups_total", Doc: "Lookups in the TLS session cache"},
	InfoSslCacheMisses:             {Name: "SslCacheMisses", Tags: "MCPV", Type: U32, Prom: "ssl_cache_misses_total", Doc: "Lookups in the TLS session cache that found nothing"},
	InfoCompressBpsIn:              {Name: "CompressBpsIn", Tags: "MRPV", Type: U32, Prom: "http_comp_bytes_in_total", PromCounter: true, Doc: "Bytes per second into the compressor"},
	InfoCompressBpsOut:             {Name: "CompressBpsOut", Tags: "MRPV", Type: U32, Prom: "http_comp_bytes_out_total", PromCounter: true, Doc: "Bytes per second out of the compressor"},
	InfoCompressBpsRateLim:         {Name: "CompressBpsRateLim", Tags: "CLPV", Type: U32, Prom: "limit_http_comp", Doc: "Limit on CompressBpsOut (maxcomprate)"},
	InfoZlibMemUsage:               {Name: "ZlibMemUsage", Tags: "MGPV", Type: U32, Prom: "current_zlib_memory", Doc: "Memory used by the compressor"},
	InfoMaxZlibMemUsage:            {Name: "MaxZlibMemUsage", Tags: "CLPV", Type: U32, Prom: "max_zlib_memory", Doc: "Limit on the compressor's memory"},
	InfoTasks:                      {Name: "Tasks", Tags: "MGPV", Type: U32, Prom: "current_tasks", Doc: "Tasks that exist"},
	InfoRunQueue:                   {Name: "Run_queue", Tags: "MGPV", Type: U32, Prom: "current_run_queue", Doc: "Tasks ready to run"},
	InfoIdlePct:                    {Name: "Idle_pct", Tags: "MaPV", Type: U32, Prom: "idle_time_percent", Doc: "Percentage of the last second spent waiting"},
	InfoNode:                       {Name: "node", Tags: "COSV", Type: Str, Prom: "node", Doc: "Name of the node"},
	InfoDescription:                {Name: "description", Tags: "COSV", Type: Str, Prom: "description", Doc: "Description of the node"},
	InfoStopping:                   {Name: "Stopping", Tags: "MGPV", Type: U32, Prom: "stopping", Doc: "1 while the process is stopping"},
	InfoJobs:                       {Name: "Jobs", Tags: "MGPV", Type: U32, Prom: "jobs", Doc: "Listeners and connections that keep the process alive"},
	InfoUnstoppableJobs:            {Name: "Unstoppable Jobs", Tags: "MGPV", Type: U32, Prom: "unstoppable_jobs", Doc: "Jobs that do not delay a stop"},
	InfoListeners:                  {Name: "Listeners", Tags: "MGPV", Type: U32, Prom: "listeners", Doc: "Listeners that are open"},
	InfoActivePeers:                {Name: "ActivePeers", Tags: "MGPV", Type: U32, Prom: "active_peers", Doc: "Peers connected and verified"},
	InfoConnectedPeers:             {Name: "ConnectedPeers", Tags: "MGPV", Type: U32, Prom: "connected_peers", Doc: "Peers connected"},
	InfoDroppedLogs:                {Name: "DroppedLogs", Tags: "MGPV", Type: U32, Prom: "dropped_logs_total", PromCounter: true, Doc: "Log messages lost"},
	InfoBusyPolling:                {Name: "BusyPolling", Tags: "MGPV", Type: U32, Prom: "busy_polling_enabled", Doc: "1 when busy polling is in use"},
	InfoFailedResolutions:          {Name: "FailedResolutions", Tags: "MGPV", Type: U32, Prom: "failed_resolutions", PromCounter: true, Doc: "Name resolutions that failed"},
	InfoTotalBytesOut:              {Name: "TotalBytesOut", Tags: "MGPV", Type: U64, Prom: "bytes_out_total", PromCounter: true, Doc: "Bytes sent"},
	InfoTotalSplicedBytesOut:       {Name: "TotalSplicedBytesOut", Tags: "MGPV", Type: U64, Prom: "spliced_bytes_out_total", PromCounter: true, Doc: "Bytes sent without copying"},
	InfoBytesOutRate:               {Name: "BytesOutRate", Tags: "MRPV", Type: U64, Prom: "bytes_out_rate", Doc: "Bytes sent over the last second"},
	InfoDebugCommandsIssued:        {Name: "DebugCommandsIssued", Tags: "MGPV", Type: U32, Doc: "Debugging commands run; anything above 0 is unsafe"},
	InfoCumRecvLogs:                {Name: "CumRecvLogs", Tags: "MCPV", Type: U32, Prom: "recv_logs_total", Doc: "Log messages received by log-forward"},
	InfoBuildInfo:                  {Name: "Build info", Tags: "POSV", Type: Str, Prom: "build_info", Doc: "Build identifier"},
	InfoMemmaxBytes:                {Name: "Memmax_bytes", Tags: "CLPV", Type: U32, Prom: "max_memory_bytes", Doc: "Memory limit in bytes (-m), 0 for none"},
	InfoPoolAllocBytes:             {Name: "PoolAlloc_bytes", Tags: "MGPV", Type: U64, Prom: "pool_allocated_bytes", Doc: "Memory allocated, in bytes"},
	InfoPoolUsedBytes:              {Name: "PoolUsed_bytes", Tags: "MGPV", Type: U64, Prom: "pool_used_bytes", Doc: "Memory in use, in bytes"},
	InfoStartTimeSec:               {Name: "Start_time_sec", Tags: "MDPV", Type: U32, Prom: "start_time_seconds", Doc: "Time of the start, in seconds since 1970"},
	InfoTainted:                    {Name: "Tainted", Tags: "SGPV", Type: Str, Doc: "Experimental or unsafe features used"},
	InfoTotalWarnings:              {Name: "TotalWarnings", Tags: "MCPV", Type: U32, Prom: "total_warnings", Doc: "Warnings given"},
	InfoMaxconnReached:             {Name: "MaxconnReached", Tags: "MCPV", Type: U32, Doc: "Times that Maxconn was reached"},
	InfoBootTimeMs:                 {Name: "BootTime_ms", Tags: "MDPV", Type: U32, Doc: "Milliseconds from start to ready"},
	InfoNicedTasks:                 {Name: "Niced_tasks", Tags: "MGPV", Type: U32, Doc: "Tasks ready to run with a priority of their own"},
	InfoCurrStreams:                {Name: "CurrStreams", Tags: "MGPV", Type: U64, Doc: "Streams now"},
	InfoCumStreams:                 {Name: "CumStreams", Tags: "MGPV", Type: U64, Doc: "Streams since start"},
	InfoBlockedTrafficWarnings:     {Name: "BlockedTrafficWarnings", Tags: "MGPV", Type: U32, Doc: "Warnings about tasks that held up traffic"},
	InfoPatternsAdded:              {Name: "PatternsAdded", Tags: "MGPV", Type: U64, Prom: "patterns_added_total", Doc: "Patterns added to ACLs and maps"},
	InfoPatternsFreed:              {Name: "PatternsFreed", Tags: "MGPV", Type: U64, Prom: "patterns_freed_total", Doc: "Patterns removed from ACLs and maps"},
	InfoNbThreadGroups:             {Name: "NbThreadGroups", Tags: "CGSV", Type: U32, Prom: "nb_thread_groups", Doc: "Thread groups"},
}
