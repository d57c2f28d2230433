package transport_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
)

// Lesson: an address in an error had the token of its query with it.
func TestAddressesAreShownWithoutSecrets(t *testing.T) {
	for _, address := range []string{"https://127.0.0.1:1/bundle?token=s3cr3t", "https://me:s3cr3t@127.0.0.1:1/bundle", "https://127.0.0.1:1/b#s3cr3t", "https:s3cr3t"} {
		_, err := transport.Fetch(context.Background(), "trust bundle", address, transport.Config{AttestTimeout: 20 * time.Second})
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%v", err)
		}
		var u *attest.EvidenceUnavailableError
		for cause := err; cause != nil; cause = errors.Unwrap(cause) {
			if strings.Contains(cause.Error(), "s3cr3t") || errors.As(cause, &u) && strings.Contains(u.Message+u.Actual, "s3cr3t") {
				t.Errorf("within: %v", cause)
			}
		}
	}
}
