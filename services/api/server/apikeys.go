package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"nanomon/services/api/auth"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

// maxKeyName is the maximum length of an API key's name, in characters.
const maxKeyName = 100

// apiKeyStore is the part of the store for API keys.
type apiKeyStore interface {
	auth.APIKeyStore
	CreateKey(ctx context.Context, k store.Key) error
	DeleteKey(ctx context.Context, id string) error
}

// apiKeyHandler serves API keys.
type apiKeyHandler struct {
	store apiKeyStore
	// keys reads the keys again after a key was created or deleted.
	keys *auth.APIKeys
	// signIn is true if sign-in is on.
	signIn bool
	// createMu serializes the creation of keys, so that this server does not exceed their maximum number.
	createMu sync.Mutex
}

func newAPIKeyHandler(s apiKeyStore, keys *auth.APIKeys, signIn bool) *apiKeyHandler {
	return &apiKeyHandler{store: s, keys: keys, signIn: signIn}
}

func (h *apiKeyHandler) mount(to routes) {
	to.protected.Get("/api/keys", h.handle(h.list))
	to.protected.Post("/api/keys", h.handle(h.create))
	to.protected.Delete("/api/keys/{id}", h.handle(h.delete))
}

// handle is like the function handle, but rejects requests while sign-in is off. Otherwise, anyone could create keys
// that become valid when sign-in is turned on.
func (h *apiKeyHandler) handle(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	if h.signIn {
		return handle(serve)
	}
	return handle(func(http.ResponseWriter, *http.Request) error {
		return web.Problemf(http.StatusForbidden, "API keys need sign-in: set AUTH_CLIENT_ID")
	})
}

func (h *apiKeyHandler) list(w http.ResponseWriter, r *http.Request) error {
	keys, err := h.store.Keys(r.Context())
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, keys)
}

func (h *apiKeyHandler) create(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return err
	}
	stored, err := decodeAPIKey(data)
	if err != nil {
		return err
	}
	now := time.Now()
	stored.ID, stored.Created = monitor.NewID(now), monitor.Date(now)
	var key string
	key, stored.Hash = auth.NewAPIKey()
	if err := h.add(r.Context(), stored); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, struct {
		store.Key
		Whole string `json:"key"`
	}{stored, key})
}

// add stores a key, unless the maximum number exists already.
func (h *apiKeyHandler) add(ctx context.Context, k store.Key) error {
	h.createMu.Lock()
	defer h.createMu.Unlock()
	existing, err := h.store.Keys(ctx)
	if err != nil {
		return err
	}
	if len(existing) >= store.MaxKeys {
		return monitor.Invalidf("there are already %d API keys, which is the maximum: revoke one first", len(existing))
	}
	defer h.keys.Changed()
	return h.store.CreateKey(ctx, k)
}

func (h *apiKeyHandler) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	err = h.store.DeleteKey(r.Context(), id)
	h.keys.Changed()
	if errors.Is(err, monitor.ErrNotFound) {
		return web.Problemf(http.StatusNotFound, "there is no API key with the id %s", id)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// decodeAPIKey decodes name and scope of a key. The error is a [monitor.InvalidError] that names the invalid field.
func decodeAPIKey(data []byte) (store.Key, error) {
	if err := expectJSON(data, "object"); err != nil {
		return store.Key{}, err
	}
	var body struct {
		Name  string `json:"name"`
		Scope string `json:"scope"`
	}
	err := json.Unmarshal(data, &body)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped):
		return store.Key{}, mistypedField(data, mistyped)
	case err != nil:
		return store.Key{}, err
	case strings.TrimSpace(body.Name) == "":
		return store.Key{}, monitor.Invalidf("name is missing: say what the key is for")
	case utf8.RuneCountInString(body.Name) > maxKeyName:
		return store.Key{}, monitor.Invalidf("name has %d characters, at most %d are allowed",
			utf8.RuneCountInString(body.Name), maxKeyName)
	case monitor.ValidateName("name", body.Name) != nil:
		return store.Key{}, monitor.ValidateName("name", body.Name)
	case body.Scope != store.KeyScopeRead && body.Scope != store.KeyScopeAdmin:
		return store.Key{}, monitor.Invalidf("scope must be %s or %s", store.KeyScopeRead, store.KeyScopeAdmin)
	}
	return store.Key{Name: body.Name, Scope: body.Scope}, nil
}
