package config

import (
	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// ruleOrder is the place of a kind of rule in the order in which the original
// evaluates them, whatever the order of the lines.
type ruleOrder uint8

const (
	orderTCPConnection ruleOrder = iota + 1
	orderTCPSession
	orderTCPContent
	orderMonitorFail
	orderHTTPRequest
	orderRedirect
	orderUseBackend
	orderUseServer
	orderTCPResponse
	orderHTTPResponse
	orderCount
)

var orderNames = [orderCount]string{
	orderTCPConnection: "tcp-request connection", orderTCPSession: "tcp-request session", orderTCPContent: "tcp-request content",
	orderMonitorFail: "monitor fail", orderHTTPRequest: "http-request", orderRedirect: "redirect",
	orderUseBackend: "use_backend", orderUseServer: "use-server", orderTCPResponse: "tcp-response content", orderHTTPResponse: "http-response",
}

// lastOfSide is the last kind that is evaluated on the same side.
func (o ruleOrder) lastOfSide() ruleOrder {
	if o < orderTCPResponse {
		return orderUseServer
	}
	return orderHTTPResponse
}

// article is what stands before a kind that is named second.
func (o ruleOrder) article() string {
	if o == orderHTTPRequest || o == orderHTTPResponse {
		return "an"
	}
	return "a"
}

// inOrder warns where rules that are evaluated after this one stand above it
// in the proxy, as the original does, and notes that the proxy has this kind.
func (p *Proxy) inOrder(e *keyword.Env, o ruleOrder) {
	for later := o + 1; later <= o.lastOfSide(); later++ {
		if p.seen[later] {
			e.Diags.Warnf(diag.RuleOrder, e.LineSpan(), "a '%s' rule placed after %s '%s' rule will still be processed before.", orderNames[o], later.article(), orderNames[later])
			break
		}
	}
	p.seen[o] = true
}
