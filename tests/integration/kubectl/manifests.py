"""Objects that several checks begin with."""

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: shop, tier: web}}
data: {colour: blue, size: "3"}
"""

SECOND_CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: other, labels: {app: blog}}
data: {colour: red}
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: "shop/web:1"}]
"""

POD = """
apiVersion: v1
kind: Pod
metadata: {name: box, labels: {run: box}}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: box, image: "shop/box:1"}]
"""

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
"""

STATEFUL_SET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: db, image: "shop/db:1"}]
"""

BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: box}
spec:
  minAvailable: 1
  selector: {matchLabels: {run: box}}
"""


def crontab_definition(group: str) -> str:
    """Return the definition of the documentation's CronTab in a group of its own."""
    return f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: crontabs.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct]}}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {{}}
      scale: {{specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns:
    - {{name: Spec, type: string, jsonPath: .spec.cronSpec}}
    - {{name: Age, type: date, jsonPath: .metadata.creationTimestamp}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [cronSpec]
            properties:
              cronSpec:
                type: string
                pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){{4}}$'
              image: {{type: string, description: The image that the jobs run.}}
              replicas: {{type: integer, minimum: 1, maximum: 10}}
          status:
            type: object
            properties:
              replicas: {{type: integer}}
"""


def crontab(group: str) -> str:
    """Return the documentation's CronTab."""
    return f"""
apiVersion: {group}/v1
kind: CronTab
metadata: {{name: nightly}}
spec: {{cronSpec: "0 3 * * 1", image: shop/backup, replicas: 3}}
"""
