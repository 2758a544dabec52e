package chart

import (
	"strings"
	"testing"

	"nanomon/tests/deploy/kubernetes"
)

// wrong maps values that Kubernetes would refuse for one of the objects, after others are changed already, to the
// message with which the chart refuses them before that.
var wrong = map[string]string{
	"image: {pullSecrets: [My_Secret]}":       "at '/image/pullSecrets/0'",
	"image: {pullSecrets: [{name: 'a b'}]}":   "at '/image/pullSecrets/0'",
	"mongodb: {image: 'mongo: 8.0'}":          "at '/mongodb/image'",
	"serviceAccountName: Nano_Mon":            "at '/serviceAccountName'",
	"publicURL: 'https://nanomon example'":    "at '/publicURL'",
	"frontend: {apiEndpoint: '/a b'}":         "at '/frontend/apiEndpoint'",
	"api: {replicaCount: 3000000000}":         "at '/api/replicaCount'",
	"api: {serviceAnnotations: {a b: c}}":     "at '/api/serviceAnnotations': additional properties 'a b' not allowed",
	"podAnnotations: {a/b/c: d}":              "at '/podAnnotations': additional properties 'a/b/c' not allowed",
	"podAnnotations: {a: 1}":                  "at '/podAnnotations/a'",
	"nodeSelector: {disk type: ssd}":          "at '/nodeSelector': additional properties 'disk type' not allowed",
	"nodeSelector: {disk: 'very fast'}":       "at '/nodeSelector/disk'",
	"api: {trustedProxies: proxy}":            "at '/api/trustedProxies'",
	"runner: {targetDeny: 10.0.0.0/8;fd00::}": "at '/runner/targetDeny'",
	"runner: {targetAllow: localhost}":        "at '/runner/targetAllow'",

	"runner: {alerting: {smtpPort: '65536'}}":                                      "at '/runner/alerting/smtpPort'",
	"runner: {alerting: {existingSecret: a_b}}":                                    "at '/runner/alerting/existingSecret'",
	"runner: {alerting: {existingSecret: a..b}}":                                   "at '/runner/alerting/existingSecret'",
	"mongodb: {existingSecret: a, existingSecretKey: 'a b'}":                       "at '/mongodb/existingSecretKey'",
	"mongodb: {existingSecret: 'mongodb://user:s3cret@db/'}":                       "at '/mongodb/existingSecret': maxLength",
	"mongodb: {existingSecret: a, existingSecretKey: 'mongodb://user:s3cret@db/'}": "at '/mongodb/existingSecretKey': maxLength",
	"mongodb: {database: 'mongodb://user:s3cret@db/'}":                             "at '/mongodb/database': maxLength",
	"mongodb: {auth: {existingSecret: 'mongodb://user:s3cret@db/'}}":               "at '/mongodb/auth/existingSecret': maxLength",
	"runner: {alerting: {existingSecret: 'https://hooks.example.org/s3cret'}}":     "at '/runner/alerting/existingSecret': maxLength",
	"mongodb: {connectionURI: 'postgres://user:s3cret@db.example.org'}":            "mongodb.connectionURI must begin with mongodb:// or mongodb+srv://",
	"mongodb: {persistence: {storageClass: Fast_Disk}}":                            "at '/mongodb/persistence/storageClass'",
	"mongodb: {persistence: {size: 8GB}}":                                          "at '/mongodb/persistence/size'",
	"mongodb: {persistence: {size: 8K}}":                                           "at '/mongodb/persistence/size'",
	"mongodb: {persistence: {size: 0}}":                                            "at '/mongodb/persistence/size'",
	"mongodb: {persistence: {size: 0Gi}}":                                          "at '/mongodb/persistence/size'",
	"mongodb: {persistence: {size: -1Gi}}":                                         "at '/mongodb/persistence/size'",
	"runner: {spool: {sizeLimit: 512 MiB}}":                                        "at '/runner/spool/sizeLimit'",

	// Resources and autoscalers.
	"api: {resources: {requests: {memory: 64MB}}}":                        "at '/api/resources/requests/memory'",
	"api: {resources: {requests: {cpu: '0,5'}}}":                          "at '/api/resources/requests/cpu'",
	"api: {resources: {limits: {cpu: -1}}}":                               "at '/api/resources/limits/cpu'",
	"api: {resources: {limits: {cpus: 1}}}":                               "at '/api/resources/limits': additional properties 'cpus' not allowed",
	"frontend: {resources: {limits: {gpu: 1}}}":                           "at '/frontend/resources/limits': additional properties 'gpu' not allowed",
	"runner: {resources: {limits: {memory: 64Mi}}}":                       "runner.resources requests 128Mi of memory, which is above the limit of 64Mi: lower runner.resources.requests or raise runner.resources.limits",
	"api: {resources: {requests: {cpu: 1.5}, limits: {cpu: 500m}}}":       "api.resources requests 1.5 of cpu, which is above the limit of 500m",
	"frontend: {resources: {requests: {memory: 1G}}}":                     "frontend.resources requests 1G of memory, which is above the limit of 128Mi",
	"mongodb: {resources: {requests: {memory: 2Gi}}}":                     "mongodb.resources requests 2Gi of memory, which is above the limit of 1Gi",
	"api: {autoscaling: {enabled: true, maxReplicas: 1}}":                 "api.autoscaling.minReplicas is 2, which is above maxReplicas, 1: raise maxReplicas or lower minReplicas",
	"runner: {autoscaling: {enabled: true, minReplicas: 9}}":              "runner.autoscaling.minReplicas is 9, which is above maxReplicas, 5",
	"api: {autoscaling: {enabled: true, targetCPU: 9999999999}}":          "at '/api/autoscaling/targetCPU'",
	"api: {autoscaling: {enabled: true}, resources: {requests: {cpu: }}}": "api.autoscaling needs a CPU request, because it measures in percent of it: set api.resources.requests.cpu, even if a LimitRange sets a default",
	"frontend: {autoscaling: {enabled: true}, resources: }":               "frontend.autoscaling needs a CPU request",

	// Environment variables.
	"runner: {extraEnv: [{name: RETRIES, value: 9}]}":                                                                  "at '/runner/extraEnv/0/value'",
	"runner: {extraEnv: [{name: RETRIES, value: true}]}":                                                               "at '/runner/extraEnv/0/value'",
	"api: {extraEnv: [{name: MY VARIABLE, value: a}]}":                                                                 "at '/api/extraEnv/0/name'",
	"api: {extraEnv: [{name: A=B, value: a}]}":                                                                         "at '/api/extraEnv/0/name'",
	"api: {extraEnv: [{name: A, valueFrom: {secretKeyRef: {name: a}}}]}":                                               "at '/api/extraEnv/0/valueFrom/secretKeyRef': missing property 'key'",
	"api: {extraEnv: [{name: A, valueFrom: {secretKeyRef: {key: a}}}]}":                                                "at '/api/extraEnv/0/valueFrom/secretKeyRef': missing property 'name'",
	"api: {extraEnv: [{name: A, valueFrom: {secretKeyRef: {name: a, key: 'b c'}}}]}":                                   "at '/api/extraEnv/0/valueFrom/secretKeyRef/key'",
	"api: {extraEnv: [{name: A, valueFrom: {secretKeyRef: {name: A_B, key: c}}}]}":                                     "at '/api/extraEnv/0/valueFrom/secretKeyRef/name'",
	"api: {extraEnv: [{name: A, valueFrom: {configMapKeyRef: {name: a}}}]}":                                            "at '/api/extraEnv/0/valueFrom/configMapKeyRef': missing property 'key'",
	"api: {extraEnv: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.hostname}}}]}":                                  "at '/api/extraEnv/0/valueFrom/fieldRef/fieldPath'",
	"api: {extraEnv: [{name: A, valueFrom: {resourceFieldRef: {resource: memory}}}]}":                                  "at '/api/extraEnv/0/valueFrom/resourceFieldRef/resource'",
	"api: {extraEnv: [{name: A, value: b, valueFrom: {secretKeyRef: {name: a, key: b}}}]}":                             "api.extraEnv contains A with value and valueFrom: remove one of them",
	"api: {extraEnv: [{name: A, valueFrom: {secretKeyRef: {name: a, key: b}, fieldRef: {fieldPath: metadata.name}}}]}": "api.extraEnv contains A, whose valueFrom needs exactly one source: use for example secretKeyRef or configMapKeyRef",
	"api: {extraEnv: [{name: A, valueFrom: {secretKeyRef: }}]}":                                                        "api.extraEnv contains A, whose valueFrom needs exactly one source",
	"api: {extraEnv: [{name: A, valueFrom: {}}]}":                                                                      "api.extraEnv contains A, whose valueFrom needs exactly one source",

	// Volumes and mounts.
	"api: {extraVolumes: [{name: a, emptyDir: {}, secret: {secretName: a}}]}":                                          "api.extraVolumes contains the volume a with several sources (emptyDir, secret): keep one of them",
	"api: {extraVolumes: [{name: My_Volume}]}":                                                                         "at '/api/extraVolumes/0/name'",
	"api: {extraVolumes: [{name: a, secret: {}}]}":                                                                     "at '/api/extraVolumes/0/secret': missing property 'secretName'",
	"api: {extraVolumes: [{name: a, configMap: {name: A_B}}]}":                                                         "at '/api/extraVolumes/0/configMap/name'",
	"api: {extraVolumes: [{name: a, persistentVolumeClaim: {}}]}":                                                      "at '/api/extraVolumes/0/persistentVolumeClaim': missing property 'claimName'",
	"api: {extraVolumes: [{name: a, secret: {secretName: a, defaultMode: 644}}]}":                                      "at '/api/extraVolumes/0/secret/defaultMode'",
	"api: {extraVolumes: [{name: a, secret: {secretName: a, items: [{key: b}]}}]}":                                     "at '/api/extraVolumes/0/secret/items/0': missing property 'path'",
	"api: {extraVolumes: [{name: a, secret: {secretName: a, items: [{key: b, path: /c}]}}]}":                           "at '/api/extraVolumes/0/secret/items/0/path'",
	"api: {extraVolumes: [{name: a, emptyDir: {sizeLimit: big}}]}":                                                     "at '/api/extraVolumes/0/emptyDir/sizeLimit'",
	"api: {extraVolumes: [{name: a, projected: {sources: [{secret: {}}]}}]}":                                           "at '/api/extraVolumes/0/projected/sources/0/secret': missing property 'name'",
	"api: {extraVolumes: [{name: a, csi: {}}]}":                                                                        "at '/api/extraVolumes/0/csi': missing property 'driver'",
	"api: {extraVolumes: [{name: a, emptyDir: {sizeLimit: 1Gi}, secret: {secretName: a}}]}":                            "api.extraVolumes contains the volume a with several sources (emptyDir, secret): keep one of them",
	"api: {extraVolumes: [{name: a}], extraVolumeMounts: [{name: a, mountPath: '/a:b'}]}":                              "at '/api/extraVolumeMounts/0/mountPath'",
	"api: {extraVolumes: [{name: a}], extraVolumeMounts: [{name: a, mountPath: /a, subPath: /b}]}":                     "at '/api/extraVolumeMounts/0/subPath'",
	"api: {extraVolumes: [{name: a}], extraVolumeMounts: [{name: a, mountPath: /a, mountPropagation: Bidirectional}]}": "at '/api/extraVolumeMounts/0/mountPropagation'",

	// Routing.
	"ingress: {enabled: true, host: 192.0.2.1}":                                                                         "ingress.host contains 192.0.2.1, but Kubernetes accepts only host names there: leave it empty to accept all hosts and IP addresses",
	"ingress: {enabled: true, host: Nanomon.example.org}":                                                               "at '/ingress/host'",
	"ingress: {enabled: true, host: nanomon..example.org}":                                                              "at '/ingress/host'",
	"ingress: {enabled: true, host: 'fd00::1'}":                                                                         "at '/ingress/host'",
	"ingress: {enabled: true, host: 'a.example.org:8443'}":                                                              "at '/ingress/host'",
	"ingress: {enabled: true, className: My_Class}":                                                                     "at '/ingress/className'",
	"ingress: {enabled: true, tlsSecret: a_b}":                                                                          "at '/ingress/tlsSecret'",
	"ingress: {enabled: true, annotations: {a b: c}}":                                                                   "at '/ingress/annotations': additional properties 'a b' not allowed",
	"httpRoute: {enabled: true, parentRefs: [{name: a}], hostnames: [192.0.2.1]}":                                       "httpRoute.hostnames contains 192.0.2.1, but Kubernetes accepts only host names there",
	"ingress: {enabled: true, statusHosts: [status.example.org]}":                                                       "at '/ingress/statusHosts/0'",
	"ingress: {enabled: true, statusHosts: [{tlsSecret: a}]}":                                                           "at '/ingress/statusHosts/0'",
	"ingress: {enabled: true, statusHosts: [{host: ''}]}":                                                               "at '/ingress/statusHosts/0/host'",
	"ingress: {enabled: true, statusHosts: [{host: a.example.org, path: /}]}":                                           "at '/ingress/statusHosts/0'",
	"ingress: {enabled: true, statusHosts: [{host: 192.0.2.1}]}":                                                        "ingress.statusHosts contains 192.0.2.1, but Kubernetes accepts only host names there",
	"ingress: {enabled: true, host: a.example.org, statusHosts: [{host: a.example.org}]}":                               "ingress.statusHosts contains a.example.org, which is there twice or is a host of the page in ingress.host",
	"ingress: {enabled: true, statusHosts: [{host: a.example.org}, {host: a.example.org}]}":                             "ingress.statusHosts contains a.example.org, which is there twice",
	"httpRoute: {enabled: true, parentRefs: [{name: a}], hostnames: [b.example.org], statusHostnames: [b.example.org]}": "httpRoute.statusHostnames contains b.example.org, which is there twice or is a host of the page in httpRoute.hostnames",
	"httpRoute: {enabled: true, parentRefs: [{name: a}], statusHostnames: [192.0.2.1]}":                                 "httpRoute.statusHostnames contains 192.0.2.1, but Kubernetes accepts only host names there",
	"httpRoute: {enabled: true, parentRefs: [{name: a}], statusHostnames: ['']}":                                        "at '/httpRoute/statusHostnames/0'",
	"httpRoute: {enabled: true, parentRefs: [{name: a}], hostnames: ['']}":                                              "at '/httpRoute/hostnames/0'",
	"httpRoute: {enabled: true, parentRefs: [{name: a, port: 70000}]}":                                                  "at '/httpRoute/parentRefs/0/port'",
	"httpRoute: {enabled: true, parentRefs: [{name: a, port: 0}]}":                                                      "at '/httpRoute/parentRefs/0/port'",
	"httpRoute: {enabled: true, parentRefs: [{name: a, namespace: My.Space}]}":                                          "at '/httpRoute/parentRefs/0/namespace'",
	"httpRoute: {enabled: true, parentRefs: [{name: a, kind: 'Gate way'}]}":                                             "at '/httpRoute/parentRefs/0/kind'",

	// Metrics and network policies.
	"metrics: {serviceMonitor: {labels: {a: b c}}}":                                                         "at '/metrics/serviceMonitor/labels/a'",
	"metrics: {serviceMonitor: {labels: {a b: c}}}":                                                         "at '/metrics/serviceMonitor/labels': additional properties 'a b' not allowed",
	"metrics: {serviceMonitor: {apiKeySecret: {name: a, key: 'b c'}}}":                                      "at '/metrics/serviceMonitor/apiKeySecret/key'",
	"networkPolicy: {enabled: true, from: [{podSelector: }]}":                                               "networkPolicy.from contains an empty peer: give it a podSelector, a namespaceSelector or an ipBlock; leave the whole list empty to admit everyone",
	"networkPolicy: {enabled: true, metricsFrom: [{ipBlock: }]}":                                            "networkPolicy.metricsFrom contains an empty peer",
	"networkPolicy: {enabled: true, from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}":                "networkPolicy.from contains a peer with both an ipBlock and a selector: make two peers of it",
	"networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0}}]}":                                                  "at '/networkPolicy/from/0/ipBlock/cidr'",
	"networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/33}}]}":                                               "at '/networkPolicy/from/0/ipBlock/cidr'",
	"networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.256/24}}]}":                                             "at '/networkPolicy/from/0/ipBlock/cidr'",
	"networkPolicy: {from: [{ipBlock: {cidr: 'fd00::/129'}}]}":                                              "at '/networkPolicy/from/0/ipBlock/cidr'",
	"networkPolicy: {from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0]}}]}":                            "at '/networkPolicy/from/0/ipBlock/except/0'",
	"networkPolicy: {from: [{podSelector: {matchLabels: {app name: a}}}]}":                                  "at '/networkPolicy/from/0/podSelector/matchLabels': additional properties 'app name' not allowed",
	"networkPolicy: {from: [{podSelector: {matchLabels: {app: a b}}}]}":                                     "at '/networkPolicy/from/0/podSelector/matchLabels/app'",
	"networkPolicy: {from: [{podSelector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}]}":     "at '/networkPolicy/from/0/podSelector/matchExpressions/0/operator'",
	"networkPolicy: {from: [{podSelector: {matchExpressions: [{key: a, operator: In}]}}]}":                  "at '/networkPolicy/from/0/podSelector/matchExpressions/0': missing property 'values'",
	"networkPolicy: {from: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]}": "at '/networkPolicy/from/0/podSelector/matchExpressions/0/values'",
	"networkPolicy: {from: [{podSelector: {matchExpressions: [{operator: Exists}]}}]}":                      "at '/networkPolicy/from/0/podSelector/matchExpressions/0': missing property 'key'",

	// All pods.
	"tolerations: [{key: a b, operator: Exists}]":                                                         "at '/tolerations/0/key'",
	"tolerations: [{key: a, operator: exists}]":                                                           "at '/tolerations/0/operator'",
	"tolerations: [{key: a, effect: NoExec}]":                                                             "at '/tolerations/0/effect'",
	"tolerations: [{operator: Equal, value: a}]":                                                          "tolerations contains an entry without a key: set its key, or operator to Exists to tolerate all taints",
	"tolerations: [{}]":                                                                                   "tolerations contains an entry without a key",
	"tolerations: [{key: a, operator: Exists, value: b}]":                                                 `tolerations contains the key "a" with a value and the operator Exists: remove the value, or set operator to Equal`,
	"tolerations: [{key: a, effect: NoSchedule, tolerationSeconds: 60}]":                                  `tolerations contains the key "a" with tolerationSeconds, which needs the effect NoExecute`,
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}}":                      "missing property 'nodeSelectorTerms'",
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}": "at '/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms'",
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In}]}]}}}": "missing property 'values'",
	"affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 0, preference: {}}]}}":                                      "at '/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/weight'",
	"affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}]}}":                                            "missing property 'topologyKey'",
	"affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, podAffinityTerm: {topologyKey: zone}}]}}":           "/weight'",
}

func TestWrongValues(t *testing.T) {
	for values, message := range wrong {
		_, err := tryInstall(t, values)
		if err == nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s:\nerror %v\nwant  %s", values, err, message)
		}
	}
}

// right are values that look like wrong ones, but are not.
var right = []string{
	"image: {pullSecrets: [a.b-c, {name: '1'}]}",
	"podAnnotations: {Example.org/Team_1: '', a.b-c: d}\nnodeSelector: {kubernetes.io/arch: arm64, a: ''}",
	"runner: {targetDeny: \"10.0.0.0/8, fd00::/8\\n192.0.2.1\", alerting: {smtpPort: '65535'}}",
	"mongodb: {persistence: {size: 0.5Gi}}", "mongodb: {persistence: {size: 10k}}", "mongodb: {persistence: {size: 1e10}}",
	"mongodb: {persistence: {size: 8589934592}}", "runner: {spool: {sizeLimit: 0}}", "runner: {spool: {sizeLimit: 1073741824}}",
	"api: {resources: {requests: {cpu: 0.5, memory: 134217728, ephemeral-storage: 1Gi}, limits: {cpu: 500m, memory: 128Mi, nvidia.com/gpu: 1, hugepages-2Mi: 4Mi}}}",
	"api: {resources: {requests: {cpu: , memory: }, limits: }}", "api: {resources: {limits: {memory: }}}", "api: {resources: {requests: {cpu: '0'}, limits: {cpu: '0'}}}",
	"api: {autoscaling: {minReplicas: 9}}",
	"api: {autoscaling: {enabled: true}, resources: {requests: {cpu: }, limits: {cpu: 1}}}",
	"api: {extraEnv: [{name: a.b-C_1, value: ''}, {name: A, value: , valueFrom: {secretKeyRef: {name: a, key: .b-c_D}}}, {name: B, value: a, valueFrom: }]}",
	"api: {extraEnv: [{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a.b/c']\"}}}, {name: B, valueFrom: {resourceFieldRef: {resource: limits.memory}}}]}",
	"api: {extraVolumes: [{name: a, secret: {secretName: a, defaultMode: 0640, items: [{key: b, path: c/d, mode: 256}]}, emptyDir: }]}",
	"api: {extraVolumes: [{name: a, emptyDir: {}}], extraVolumeMounts: [{name: a, mountPath: /a, subPath: b/c}, {name: a, mountPath: /b}]}",
	"api: {extraVolumes: [{name: a}], extraVolumeMounts: [{name: a, mountPath: b}]}", "api: {extraEnv: [{name: 1A}]}",
	"api: {resources: {requests: {cpu: .5}, limits: {cpu: '+.5'}}}", "mongodb: {persistence: {size: 08Gi}}",
	"ingress: {enabled: true, host: '*.example.org'}", "ingress: {enabled: true, host: xn--e1afmkfd.example}", "ingress: {host: 192.0.2.1}",
	"ingress: {enabled: true, statusHosts: [{host: '*.example.org'}]}", "ingress: {enabled: true, statusHosts: }", "ingress: {statusHosts: [{host: 192.0.2.1}]}",
	"networkPolicy: {enabled: true, from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 169.254.169.254/32]}}, {ipBlock: {cidr: '::/0'}}, {ipBlock: {cidr: '64:ff9b::192.0.2.0/120'}}]}",
	"networkPolicy: {enabled: true, from: [{podSelector: {}, ipBlock: }, {podSelector: {matchExpressions: [{key: a, operator: DoesNotExist}, {key: b, operator: In, values: [c]}]}}]}",
	"networkPolicy: {from: [{podSelector: }]}",
	"tolerations: [{operator: Exists}, {key: a, value: b}, {key: c, operator: Exists, value: '', effect: NoExecute, tolerationSeconds: 0}]",
	"affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Gt, values: ['4']}]}]}}}",
}

func TestRightValues(t *testing.T) {
	for _, values := range right {
		if _, err := tryInstall(t, values); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}

// TestDatabaseWithoutName checks that MongoDB and the services use the same database if the values contain none.
func TestDatabaseWithoutName(t *testing.T) {
	installed := install(t, "mongodb: {database: }")
	environment, err := kubernetes.Environment(installed.objects, "StatefulSet/shop-nanomon-mongodb", "mongodb")
	if err != nil || environment["DATABASE"] != "nanomon" {
		t.Errorf("DATABASE is %q (error %v)", environment["DATABASE"], err)
	}
}
