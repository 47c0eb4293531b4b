// What somebody has to look at.

param actionGroupName string
param location string
param tags object
param emails string[]
param insightsId string
param cosmosId string

@description('Accounts with layers, by region.')
param storageIds string[][]

param vaultId string

@description('Whether the vault has keys of the customer, which expire.')
param hasCustomerKey bool

@description('Whether the database has copies in other regions, which may lag.')
param hasMoreRegions bool

resource actions 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'portolan'
    enabled: true
    emailReceivers: [
      for (email, index) in emails: {
        name: 'email-${index}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

// Questions to Application Insights, as docs/telemetry.md names its metrics. Each fires when it finds a line. A line of the log
// that has an error is among the exceptions there, and any other among the traces.
var questions = [
  {
    name: 'errors'
    title: 'More than 1 % of the requests fail'
    severity: 1
    window: 'PT5M'
    query: '''
customMetrics
| where name == "http.server.request.duration"
| extend status = toint(customDimensions["http.response.status_code"])
| summarize failed = sumif(valueCount, status >= 500), all = sum(valueCount)
| where all > 100 and failed * 100 > all
'''
  }
  {
    name: 'throttling'
    title: 'Requests are answered with 429'
    severity: 3
    window: 'PT15M'
    query: '''
customMetrics
| where name == "http.server.request.duration" and customDimensions["http.response.status_code"] == "429"
| summarize refused = sum(valueCount)
| where refused > 100
'''
  }
  {
    name: 'poison'
    title: 'Messages that nobody could do anything with'
    severity: 2
    window: 'PT15M'
    query: '''
customMetrics
| where name == "portolan.queue.depth" and tostring(customDimensions["portolan.queue.name"]) endswith "-poison"
| summarize depth = max(valueMax)
| where depth > 0
'''
  }
  {
    name: 'collection'
    title: 'Bytes that should be gone are late by more than a day'
    severity: 3
    window: 'PT1H'
    query: '''
customMetrics
| where name == "portolan.collection.lateness"
| summarize late = max(valueMax)
| where late > 86400
'''
  }
  {
    name: 'keys'
    title: 'The keys of tokens and passwords cannot be read or renewed'
    severity: 1
    window: 'PT1H'
    query: '''
union traces, exceptions
| where tostring(customDimensions["work"]) == "keys"
| summarize failures = count()
| where failures > 5
'''
  }
]

// The application's own keys have no end: it renews them. Those of a customer have; the vault logs that the end is near, whether or
// not anybody has subscribed to its events.
var expiry = {
  name: 'key-expiry'
  title: 'A key that layers are encrypted with expires within 30 days, or has expired'
  severity: 1
  window: 'PT1H'
  query: '''
AzureDiagnostics
| where OperationName in~ ("KeyNearExpiryEventGridNotification", "KeyExpiredEventGridNotification")
'''
}

resource question 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [for item in concat(questions, hasCustomerKey ? [expiry] : []): {
  name: 'portolan-${item.name}'
  location: location
  tags: tags
  properties: {
    displayName: item.title
    severity: item.severity
    enabled: true
    scopes: [
      item.name == expiry.name ? vaultId : insightsId
    ]
    evaluationFrequency: item.window
    windowSize: item.window
    criteria: {
      allOf: [
        {
          query: item.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: [
        actions.id
      ]
    }
  }
}]

resource databaseThrottled 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'portolan-database-throttled'
  location: 'global'
  tags: tags
  properties: {
    description: 'The database answers with 429: it needs more throughput'
    severity: 2
    enabled: true
    scopes: [
      cosmosId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'throttled'
          metricName: 'TotalRequests'
          dimensions: [
            {
              name: 'StatusCode'
              operator: 'Include'
              values: [
                '429'
              ]
            }
          ]
          operator: 'GreaterThan'
          threshold: 100
          timeAggregation: 'Count'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actions.id
      }
    ]
  }
}

resource replicationLag 'Microsoft.Insights/metricAlerts@2026-01-01' = if (hasMoreRegions) {
  name: 'portolan-replication-lag'
  location: 'global'
  tags: tags
  properties: {
    description: 'Copies of the database in other regions are behind by more than a second'
    severity: 2
    enabled: true
    scopes: [
      cosmosId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'lag'
          metricName: 'ReplicationLatency'
          operator: 'GreaterThan'
          threshold: 1000
          timeAggregation: 'Average'
          // There is no such metric before the first write has been copied.
          skipMetricValidation: true
        }
      ]
    }
    actions: [
      {
        actionGroupId: actions.id
      }
    ]
  }
}

resource storageAvailability 'Microsoft.Insights/metricAlerts@2026-01-01' = [for (storageId, index) in flatten(storageIds): {
  name: 'portolan-storage-availability-${index}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Layers cannot be read or written'
    severity: 1
    enabled: true
    scopes: [
      storageId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'availability'
          metricName: 'Availability'
          operator: 'LessThan'
          threshold: 99
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actions.id
      }
    ]
  }
}]

resource vaultAvailability 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'portolan-vault-availability'
  location: 'global'
  tags: tags
  properties: {
    description: 'The vault with the keys is away: no new instance can start'
    severity: 2
    enabled: true
    scopes: [
      vaultId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'availability'
          metricName: 'Availability'
          operator: 'LessThan'
          threshold: 90
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      {
        actionGroupId: actions.id
      }
    ]
  }
}
