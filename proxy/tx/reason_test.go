package tx

import "testing"

// TestReason holds what the original sends for set-status without a reason.
func TestReason(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		100: "Continue", 199: "Informational", 200: "OK", 234: "Success", 306: "Redirection", 404: "Not Found", 413: "Request Entity Too Large",
		499: "client has closed connection", 498: "Client Error", 502: "Bad Gateway or Proxy Error", 599: "Server Error", 777: "Other", 999: "Other",
	} {
		if got := Reason(status); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}
