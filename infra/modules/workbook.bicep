// What the registry does, on one page of the portal.

param location string
param tags object
param insightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insightsId, 'portolan')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Portolan'
    category: 'workbook'
    sourceId: insightsId
    serializedData: loadTextContent('workbook.json')
  }
}
