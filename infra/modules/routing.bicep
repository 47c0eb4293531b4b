// One name for all regions, which leads each client to the nearest that is well: Front Door. Uploads of more than 2 GB do not pass it.

param name string
param tags object

@description('Host names of the regions\' applications.')
param origins string[]
param workspaceId string

@description('A domain of your own, each name below which is a registry; null: the name that Front Door gives is the only one.')
param domain {
  name: string
  vaultName: string
  certificate: string
  identityName: string
}?

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: name
  location: 'global'
  tags: tags
  sku: {
    name: 'Standard_AzureFrontDoor'
  }
  identity: domain == null ? null : {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${certificateReader!.outputs.identityId}': {}
    }
  }
  properties: {
    // A layer takes its time.
    originResponseTimeoutSeconds: 240
  }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  name: name
  parent: profile
  location: 'global'
  tags: tags
  properties: {
    enabledState: 'Enabled'
  }
}

// A region is asked by its own name, so the one that the client asked for is told apart from it.
resource asked 'Microsoft.Cdn/profiles/ruleSets@2025-06-01' = {
  name: 'asked'
  parent: profile
}

resource askedHost 'Microsoft.Cdn/profiles/ruleSets/rules@2025-06-01' = {
  name: 'host'
  parent: asked
  properties: {
    order: 1
    conditions: []
    actions: [
      {
        name: 'ModifyRequestHeader'
        parameters: {
          typeName: 'DeliveryRuleHeaderActionParameters'
          headerAction: 'Overwrite'
          headerName: 'X-Portolan-Host'
          value: '{hostname}'
        }
      }
    ]
    matchProcessingBehavior: 'Continue'
  }
}

module certificateReader 'certificate-reader.bicep' = if (domain != null) {
  name: 'certificate-reader'
  params: {
    name: domain!.identityName
    location: resourceGroup().location
    tags: tags
    vaultName: domain!.vaultName
    certificate: domain!.certificate
  }
}

resource certificate 'Microsoft.Cdn/profiles/secrets@2025-06-01' = if (domain != null) {
  name: 'registries'
  parent: profile
  properties: {
    parameters: {
      type: 'CustomerCertificate'
      secretSource: {
        id: certificateReader!.outputs.secretId
      }
      useLatestVersion: true
    }
  }
}

resource wildcard 'Microsoft.Cdn/profiles/customDomains@2025-06-01' = if (domain != null) {
  name: 'registries'
  parent: profile
  properties: {
    hostName: '*.${domain!.name}'
    tlsSettings: {
      certificateType: 'CustomerCertificate'
      minimumTlsVersion: 'TLS12'
      secret: {
        id: certificate.id
      }
    }
  }
}

resource group 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  name: 'regions'
  parent: profile
  properties: {
    loadBalancingSettings: {
      sampleSize: 4
      successfulSamplesRequired: 3
      // The nearest, and others only where they are as near.
      additionalLatencyInMilliseconds: 50
    }
    healthProbeSettings: {
      probePath: '/healthz'
      probeProtocol: 'Https'
      probeRequestType: 'GET'
      probeIntervalInSeconds: 30
    }
    sessionAffinityState: 'Disabled'
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = [for (host, index) in origins: {
  name: 'region-${index}'
  parent: group
  properties: {
    hostName: host
    // Without it the client's own host would come, which the region's certificate has not.
    originHostHeader: host
    httpsPort: 443
    priority: 1
    weight: 1000
    enabledState: 'Enabled'
    enforceCertificateNameCheck: true
  }
}]

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  name: 'all'
  parent: endpoint
  properties: {
    originGroup: {
      id: group.id
    }
    patternsToMatch: [
      '/*'
    ]
    supportedProtocols: [
      'Http'
      'Https'
    ]
    httpsRedirect: 'Enabled'
    ruleSets: [
      {
        id: asked.id
      }
    ]
    customDomains: domain == null ? [] : [
      {
        id: wildcard.id
      }
    ]
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Enabled'
  }
  // A route needs an origin, and what its rules do.
  dependsOn: [
    origin
    askedHost
  ]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'portolan'
  scope: profile
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FrontDoorHealthProbeLog'
        enabled: true
      }
    ]
  }
}

output hostName string = endpoint.properties.hostName
output frontDoorId string = profile.properties.frontDoorId
@description('What a TXT record of the domain says, so that Front Door believes that it is yours; empty: there is no domain.')
output domainValidationToken string = domain == null ? '' : wildcard!.properties.validationProperties.validationToken
