package process

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"nanomon/services/common/config"
)

// healthTimeout is the maximum duration of one request of the command health.
const healthTimeout = 3 * time.Second

// CheckHTTP requests a path from the program that listens on a port of this machine. It returns an error, which names
// the setting of the port, unless the program answers 200 within three seconds.
func CheckHTTP(ctx context.Context, setting string, port config.Port, path string) error {
	if port == 0 {
		return fmt.Errorf("%s: the port is not known while it is 0: set a port", setting)
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	url := fmt.Sprintf("http://127.0.0.1:%d%s", port, path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// http.Client would follow redirects. The transport uses no proxy, because Proxy is not set.
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("%s: no answer from %s: %w", setting, url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s answers %s", setting, url, response.Status)
	}
	return nil
}
