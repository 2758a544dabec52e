package process

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"nanomon/services/common/config"
)

// askTime is how long a service may take to answer.
const askTime = 3 * time.Second

// Ask returns an error unless the service on this machine whose port variable sets answers 200 for path within three seconds.
func Ask(ctx context.Context, variable string, port config.Port, path string) error {
	if port == 0 {
		return fmt.Errorf("%s: with 0 nobody knows which port the service has taken: set one", variable)
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	url := fmt.Sprintf("http://127.0.0.1:%d%s", port, path)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// Neither a proxy nor a redirect leads elsewhere.
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("%s: no answer from %s: %w", variable, url, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s answers %s", variable, url, answer.Status)
	}
	return nil
}
