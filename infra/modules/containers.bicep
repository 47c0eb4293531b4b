// The same application in a container, in one region: it takes layers of any length as they come, which the Functions host does not.

param name string
param environmentName string
param location string
param tags object
param workspaceId string
param identityId string

@description('Where the image is pulled from, with its digest.')
param image string

@description('What all places are told.')
param settings object
param replicasMin int
param replicasMax int
param zoneRedundant bool

@description('A subnet of its own, delegated to Microsoft.App/environments; empty: none.')
param subnetId string

var port = 5000

resource environment 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    vnetConfiguration: empty(subnetId) ? null : {
      infrastructureSubnetId: subnetId
      internal: false
    }
    zoneRedundant: zoneRedundant && !empty(subnetId)
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'portolan'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

// What this place alone has. Its own name comes after those of the function apps.
var own = {
  HOST: '0.0.0.0'
  PORT: string(port)
  SHARED_HOSTS: '${settings.SHARED_HOSTS},${name}.${environment.properties.defaultDomain}'
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        allowInsecure: false
        targetPort: port
        transport: 'http'
      }
    }
    template: {
      containers: [
        {
          name: 'registry'
          image: image
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: [for setting in items(union(settings, own)): {
            name: setting.key
            value: setting.value
          }]
          probes: [
            {
              type: 'Liveness'
              httpGet: {
                path: '/healthz'
                port: port
              }
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/healthz'
                port: port
              }
            }
          ]
        }
      ]
      scale: {
        minReplicas: replicasMin
        maxReplicas: replicasMax
        rules: [
          {
            name: 'requests'
            http: {
              metadata: {
                concurrentRequests: '50'
              }
            }
          }
        ]
      }
    }
  }
}

output hostName string = app.properties.configuration.ingress.fqdn
