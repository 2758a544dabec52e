//go:build crds

// This file names the modules whose custom resource definitions the build script copies.

package main

import (
	_ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
	_ "sigs.k8s.io/gateway-api/apis/v1"
)
